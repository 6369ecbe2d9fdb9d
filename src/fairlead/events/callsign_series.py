"""Which administrations a call sign's first two characters belong to.

The international series of the Radio Regulations, Appendix 42, as ISO 3166-1 alpha-2 codes; a
territory shares the series of the state that answers for it. Series that two states share within
two characters name both.
"""

from types import MappingProxyType

_SERIES = """
AD C3; AE A6; AF T6 YA; AG V2; AL ZA; AM EK; AO D2-D3; AR AY-AZ L2-L9 LO-LW; AT OE; AU AX VH-VN VZ;
AZ 4J-4K; BA E7; BB 8P; BD S2-S3; BE ON-OT; BF XT; BG LZ; BH A9; BI 9U; BJ TY; BN V8; BO CP;
BR PP-PY ZV-ZZ; BS C6; BT A5; BW 8O A2; BY EU-EW; BZ V3; CA CF-CK CY-CZ VA-VG VO VX-VY XJ-XO;
CD 9O-9T; CF TL; CG TN; CH HB HE; CI TU; CK E5 ZK; CL CA-CE XQ-XR 3G; CM TJ; CN B0-BZ XS 3H-3U;
CO 5J-5K HJ-HK; CR TE TI; CU CL-CM CO T4; CV D4; CY 5B C4 H2 P3; CZ OK-OL; DE DA-DR Y2-Y9; DJ J2;
DK 5P-5Q OU-OZ XP; DM J7; DO HI; DZ 7R 7T-7Y; EC HC-HD; EE ES; EG 6A-6B SS SU; ER E3;
ES AM-AO EA-EH; ET 9E-9F ET; FI OF-OJ; FJ 3D; FM V6; FR F0-FZ HW-HY TH TK TM TO-TQ TV-TX;
GA TR; GB 2A-2Z G0-GZ M0-MZ VP-VQ VS ZB-ZJ ZN-ZO ZQ; GD J3; GE 4L; GH 9G; GM C5; GN 3X; GQ 3C;
GR J4 SV-SZ; GT TD TG; GW J5; GY 8R; HK VR; HN HQ-HR; HR 9A; HT 4V HH; HU HA HG; ID 7A-7I 8A-8I
JZ PK-PO YB-YH; IE EI-EJ; IL 4X 4Z; IN 8T-8Y AT-AW VT-VW; IQ HN YI; IR 9B-9D EP-EQ; IS TF;
IT I0-IZ; JM 6Y; JO JY; JP 7J-7N 8J-8N JA-JS; KE 5Y-5Z; KG EX; KH XU; KI T3; KM D6; KN V4; KP HM
P5-P9; KR 6K-6N D7-D9 DS-DT HL; KW 9K; KZ UN-UQ; LA XW; LB OD; LC J6; LI HB; LK 4P-4S; LR 5L-5M
6Z A8 D5 EL; LS 7P; LT LY; LU LX; LV YL; LY 5A; MA 5C-5G CN; MC 3A; MD ER; ME 4O; MG 5R-5S 6X;
MH V7; MK Z3; ML TZ; MM XY-XZ; MN JT-JV; MO XX; MR 5T; MT 9H; MU 3B; MV 8Q; MW 7Q; MX 4A-4C 6D-6J
XA-XI; MY 9M 9W; MZ C8-C9; NA V5; NE 5U; NG 5N-5O; NI H6-H7 HT YN; NL PA-PJ; NO 3Y JW-JX LA-LN;
NP 9N; NR C2; NU E6; NZ E5 ZK-ZM; OM A4; PA 3E-3F H3 H8-H9 HO-HP; PE 4T OA-OC; PG P2; PH 4D-4I
DU-DZ; PK 6P-6S AP-AS; PL 3Z HF SN-SR; PS E4; PT CQ-CU XX; PW T8; PY ZP; QA A7; RO YO-YR; RS YT-YU;
RU R0-RZ UA-UI; RW 9X; SA 7Z 8Z HZ; SB H4; SC S7; SD 6T-6U SS-ST; SE 7S 8S SA-SM; SG 9V S6; SI S5;
SK OM; SL 9L; SM T7; SN 6V-6W; SO 6O T5; SR PZ; SS Z8; ST S9; SV HU YS; SY 6C YK; SZ 3D; TD TT;
TG 5V; TH E2 HS; TJ EY; TL 4W; TM EZ; TN 3V TS; TO A3; TR TA-TC YM; TT 9Y-9Z; TV T2; TW B0-BZ;
TZ 5H-5I; UA EM-EO UR-UZ; UG 5X; US AA-AL K0-KZ N0-NZ W0-WZ; UY CV-CX; UZ UJ-UM; VA HV; VC J8;
VE 4M YV-YY; VN 3W XV; VU YJ; WS 5W; YE 7O; ZA S8 ZR-ZU; ZM 9I-9J; ZW Z2
"""

_TERRITORIES = {
    "GB": "AI BM FK GG GI IM JE KY MS PN SH TC VG",
    "US": "AS GU MP PR VI",
    "FR": "BL GF GP MF MQ NC PF PM RE TF WF YT",
    "DK": "FO GL",
    "NL": "AW BQ CW SX",
    "AU": "CC CX NF",
    "FI": "AX",
    "PT": "MO",
    "CN": "HK MO",
    "NZ": "CK NU TK",
}
_ORDER = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def _prefixes(series: str) -> list[str]:
    first, _, last = series.partition("-")
    if not last:
        return [first]
    low, high = _ORDER.index(first[1]), _ORDER.index(last[1])
    return [first[0] + c for c in _ORDER[low : high + 1]]


def _build() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for entry in _SERIES.replace("\n", " ").split(";"):
        country, *series = entry.split()
        states = {country, *_TERRITORIES.get(country, "").split()}
        for prefix in (p for s in series for p in _prefixes(s)):
            found.setdefault(prefix, set()).update(states)
    return {prefix: frozenset(states) for prefix, states in found.items()}


SERIES = MappingProxyType(_build())


def states_of(callsign: str) -> frozenset[str]:
    """The states and territories that a call sign may belong to; empty when nobody's."""
    return SERIES.get(callsign[:2].upper(), frozenset())


def said_states(states: frozenset[str]) -> str:
    """PA, or GB and its territories, or CN and its territories or TW."""
    territories = {s: set(_TERRITORIES.get(s, "").split()) & states for s in states}
    main = sorted(states - set().union(*territories.values()))
    return " or ".join(f"{s} and its territories" if territories[s] else s for s in main)
