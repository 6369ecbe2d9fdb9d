# ruff: noqa: E501 (records of lists are long)
"""Small watch lists in the layouts of the real ones, with invented ships and persons."""

OFAC = """ent_num,name,sdn_type,program,title,call_sign,vess_type,tonnage,grt,vess_flag,vess_owner,remarks
101,GREY HERON,vessel,IRAN] [IFSR,,T2EU4,Crude Oil Tanker,"99,144","56,068",Iran,Jane Q. Owner,Former Vessel Flag Malta; alt. Former Vessel Flag Tuvalu; Vessel Registration Identification IMO 9187629; MMSI 572469210; f.k.a. 'LAUGHING GULL'; Linked To: JANE Q. OWNER.
102,JOHN DOE,individual,SDGT,Captain,,,,,,,DOB 01 Jan 1960; Passport A123.
103,OWNING COMPANY LTD,-0-,IRAN,,,,,,,,
104,WRONG NUMBER,vessel,CUBA,,CL2192,Tug,,212,Cuba,,Vessel Registration Identification IMO 9187620.
"""
ALIASES = """ent_num,alt_num,alt_type,alt_name,remarks
101,1,fka,OLD HERON,-0-
"""
EU = """amendedCelex,recordId,programKey,annex,startDate,reason,schema,name,previousName,imoNumber,mmsi,flag,address,notes
a,1,EU-RUS,XLII,24.4.2026,"Article 3s(2), point (b)",Vessel,GREY HERON (ex NIGHT HERON),Bittern; Egret,9187629,,,Some street 1,Jane was master
a,2,EU-RUS,XLII,24.4.2026,,Person,JOHN DOE,,,,,,
a,3,EU-LBY,V,2026-08-07,"Listed. Valid from 22 July 2026 to 22 July 2027, unless.",Vessel,LOON,,Does not exist,613003596,Cameroon,,
"""
IUU = """is_currently_listed,vessel_name,all_names,rfmo_name,imo,mmsi,ircs,flag,vessel_type,gear_type,is_gfcm,listing_rfmos,listing_reason
True,PETREL 8,PETREL 8|海燕8,PETREL 8 (YI HONG 06),9187629.0,312864000.0,"4SF5344, CPA 226",St. Vincent and the Grenadines,Fishing Vessel,,False,"IOTC, NAFO",Cross-listing
False,ALFA,ALFA,Unknown (*),,,,Unknown,Reefer,,False,ICCAT,Skipper was J. Doe
"""
SHADOW = """[{"imo": "9187629", "mmsi": ["620233000", "12"], "names": ["Grey_Heron", "GREY HERON"],
 "type": "Oil Tanker", "operator": "Jane Q. Owner", "flag": "pa, ru", "cot": "a-s-S-X-M",
 "sanctions_origin": ["UK", "OpenSanctions"]},
 {"imo": "nan", "mmsi": [], "names": [], "type": "Vessel", "operator": "nan", "flag": "nan",
 "cot": "", "sanctions_origin": []}]"""
OTHER = """Ship Name;IMO Number;MMSI;Call Sign;Flag State;Owner;Captain
GREY HERON;9187629;572469210;T2EU4;Iran;Jane Q. Owner;John Doe
"""


def write(folder, **texts):
    """Files of these texts; the name's last part after __ is the suffix."""
    for name, text in texts.items():
        stem, suffix = name.rsplit("__", 1)
        (folder / f"{stem}.{suffix}").write_text(text, encoding="utf-8")
    return folder
