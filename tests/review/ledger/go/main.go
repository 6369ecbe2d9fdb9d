// A second implementation reads Fairlead's ledger: the Go checksum database's packages (note,
// tlog) and the transparency-dev modules (formats, merkle). It shares no code with Fairlead.
//
// Usage: second DIR, where DIR is a mirror with case.json beside the tiles. Prints what it checked.
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	tdlog "github.com/transparency-dev/formats/log"
	tdnote "github.com/transparency-dev/formats/note"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height = 8

type testCase struct {
	Vkey        string
	Witness     string
	Checkpoints []string
	Consistency []struct {
		Old, New uint64
		Hashes   [][]byte
	}
	Bundles []struct{ Entry, Proof, Vkey string }
}

// tiles reads C2SP tiles; tlog names them with their height in front.
type tiles string

func (t tiles) Height() int                                { return height }
func (t tiles) SaveTiles(tiles []tlog.Tile, data [][]byte) {}
func (t tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	var found [][]byte
	for _, tile := range wanted {
		path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
		data, err := os.ReadFile(filepath.Join(string(t), path))
		if err != nil {
			return nil, err
		}
		found = append(found, data)
	}
	return found, nil
}

func must(err error, what string, at ...any) {
	if err != nil {
		fmt.Printf("BROKEN %s %v: %v\n", what, at, err)
		os.Exit(1)
	}
}

func demand(holds bool, what string, at ...any) {
	if !holds {
		must(fmt.Errorf("does not hold"), what, at...)
	}
}

func main() {
	dir := os.Args[1]
	var c testCase
	raw, err := os.ReadFile(filepath.Join(dir, "case.json"))
	must(err, "case")
	must(json.Unmarshal(raw, &c), "case")
	verifier, err := note.NewVerifier(c.Vkey)
	must(err, "vkey")

	newest, err := os.ReadFile(filepath.Join(dir, "checkpoint"))
	must(err, "checkpoint")
	roots := checkpoints(append(c.Checkpoints, string(newest)), verifier)
	tree := checkWitness(newest, verifier, c.Witness)
	reader := tlog.TileHashReader(tree, tiles(dir))
	hashes := checkEntries(dir, tree, reader)
	checkConsistency(c, roots, tree, reader)
	for _, bundle := range c.Bundles {
		checkBundle(bundle.Entry, bundle.Proof, verifier)
	}
	answer := map[string]int{
		"entries": hashes, "checkpoints": len(c.Checkpoints) + 1,
		"consistency": len(c.Consistency), "bundles": len(c.Bundles),
	}
	out, err := json.Marshal(answer)
	must(err, "answer")
	fmt.Println(string(out))
}

// checkpoints opens each note with both libraries; the root of each size.
func checkpoints(written []string, verifier note.Verifier) map[uint64][]byte {
	roots := map[uint64][]byte{}
	for _, text := range written {
		_, err := note.Open([]byte(text), note.VerifierList(verifier))
		must(err, "note.Open", text)
		head, rest, _, err := tdlog.ParseCheckpoint([]byte(text), verifier.Name(), verifier)
		must(err, "ParseCheckpoint", text)
		demand(len(rest) == 0, "no extension lines", text)
		roots[head.Size] = head.Hash
	}
	return roots
}

// checkWitness opens the newest checkpoint with the witness's cosignature too.
func checkWitness(newest []byte, verifier note.Verifier, witness string) tlog.Tree {
	cosigner, err := tdnote.NewVerifierForCosignatureV1(witness)
	must(err, "witness's vkey")
	head, _, opened, err := tdlog.ParseCheckpoint(newest, verifier.Name(), verifier, cosigner)
	must(err, "cosigned checkpoint")
	demand(len(opened.Sigs) == 2, "two signatures", opened.Sigs)
	when, err := tdnote.CoSigV1Timestamp(opened.Sigs[1])
	must(err, "time of the cosignature")
	demand(when.Unix() == 1790000000, "time of the cosignature", when)
	var root tlog.Hash
	copy(root[:], head.Hash)
	return tlog.Tree{N: int64(head.Size), Hash: root}
}

// checkEntries hashes every entry of every bundle and finds it in the tiles, which tlog
// authenticates against the root; and proves each of a sample.
func checkEntries(dir string, tree tlog.Tree, reader tlog.HashReader) int {
	hasher := rfc6962.DefaultHasher
	n := int64(0)
	for number := int64(0); n < tree.N; number++ {
		path := tlog.Tile{H: height, L: 0, N: number, W: int(min(256, tree.N-n))}.Path()
		path = strings.Replace(path, "tile/8/0/", "tile/entries/", 1)
		data, err := os.ReadFile(filepath.Join(dir, path))
		must(err, "bundle", path)
		for len(data) > 0 {
			size := int(binary.BigEndian.Uint16(data))
			entry := data[2 : 2+size]
			data = data[2+size:]
			stored, err := reader.ReadHashes([]int64{tlog.StoredHashIndex(0, n)})
			must(err, "hash of entry", n)
			demand(stored[0] == tlog.RecordHash(entry), "hash of entry", n)
			demand(bytes.Equal(stored[0][:], hasher.HashLeaf(entry)), "hash of entry", n)
			if n%37 == 0 || n == tree.N-1 {
				path, err := tlog.ProveRecord(tree.N, n, reader)
				must(err, "proof of entry", n)
				must(tlog.CheckRecord(path, tree.N, tree.Hash, n, stored[0]), "proof of entry", n)
			}
			n++
		}
	}
	demand(n == tree.N, "number of entries", n)
	return int(n)
}

// checkConsistency holds our proofs against both libraries, and tlog's own against ours.
func checkConsistency(c testCase, roots map[uint64][]byte, tree tlog.Tree, reader tlog.HashReader) {
	for _, p := range c.Consistency {
		old, new := roots[p.Old], roots[p.New]
		err := proof.VerifyConsistency(rfc6962.DefaultHasher, p.Old, p.New, p.Hashes, old, new)
		must(err, "consistency", p.Old, p.New)
		if p.Old == 0 {
			continue
		}
		var ours tlog.TreeProof
		for _, hash := range p.Hashes {
			ours = append(ours, tlog.Hash(hash))
		}
		err = tlog.CheckTree(ours, int64(p.New), tlog.Hash(new), int64(p.Old), tlog.Hash(old))
		must(err, "CheckTree", p.Old, p.New)
		if int64(p.New) == tree.N {
			theirs, err := tlog.ProveTree(tree.N, int64(p.Old), reader)
			must(err, "ProveTree", p.Old)
			demand(fmt.Sprint(theirs) == fmt.Sprint(ours), "the same proof", p.Old)
		}
	}
}

// checkBundle checks an entry by its tlog-proof alone.
func checkBundle(entry, text string, verifier note.Verifier) {
	head, checkpoint, _ := strings.Cut(text, "\n\n")
	lines := strings.Split(head, "\n")
	demand(lines[0] == "c2sp.org/tlog-proof@v1", "head", lines[0])
	index, err := strconv.ParseUint(strings.TrimPrefix(lines[1], "index "), 10, 63)
	must(err, "index", lines[1])
	var path [][]byte
	var record tlog.RecordProof
	for _, line := range lines[2:] {
		hash, err := base64.StdEncoding.DecodeString(line)
		must(err, "hash", line)
		path = append(path, hash)
		record = append(record, tlog.Hash(hash))
	}
	signed, _, _, err := tdlog.ParseCheckpoint([]byte(checkpoint), verifier.Name(), verifier)
	must(err, "checkpoint of a proof")
	leaf := rfc6962.DefaultHasher.HashLeaf([]byte(entry))
	err = proof.VerifyInclusion(rfc6962.DefaultHasher, index, signed.Size, leaf, path, signed.Hash)
	must(err, "inclusion", index)
	err = tlog.CheckRecord(record, int64(signed.Size), tlog.Hash(signed.Hash), int64(index), tlog.Hash(leaf))
	must(err, "CheckRecord", index)
}
