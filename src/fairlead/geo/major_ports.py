"""Large ports of the world, for declared destinations where the user has given no list.

Name, latitude, longitude, ISO 3166 country and UN/LOCODE. Positions are to a tenth of a degree or
so: enough to tell whether a ship sails towards a port, not whether it is in it.
"""

from functools import lru_cache

from fairlead.geo.places import Places, places_from

_PORTS = """
Abidjan 5.3 -4.0 CI ABJ; Alexandria 31.2 29.9 EG ALY; Algeciras 36.1 -5.4 ES ALG;
Ambarli 41.0 28.7 TR AMB; Amsterdam 52.4 4.8 NL AMS; Antwerp 51.3 4.3 BE ANR;
Apapa 6.4 3.4 NG APP; Auckland -36.8 174.8 NZ AKL; Balboa 8.9 -79.6 PA BLB;
Baltimore 39.2 -76.5 US BAL; Bandar Abbas 27.1 56.2 IR BND; Barcelona 41.3 2.2 ES BCN;
Bergen 60.4 5.3 NO BGO; Bremerhaven 53.6 8.6 DE BRV; Brest 48.4 -4.5 FR BES;
Brisbane -27.4 153.2 AU BNE; Buenos Aires -34.6 -58.4 AR BUE; Busan 35.1 129.0 KR PUS;
Callao -12.0 -77.2 PE CLL; Cape Town -33.9 18.4 ZA CPT; Casablanca 33.6 -7.6 MA CAS;
Charleston 32.8 -79.9 US CHS; Chittagong 22.3 91.8 BD CGP; Colombo 6.9 79.8 LK CMB;
Constanta 44.1 28.7 RO CND; Copenhagen 55.7 12.6 DK CPH; Cork 51.8 -8.3 IE ORK;
Dakar 14.7 -17.4 SN DKR; Dalian 38.9 121.7 CN DLC; Dar es Salaam -6.8 39.3 TZ DAR;
Douala 4.0 9.7 CM DLA; Dublin 53.3 -6.2 IE DUB; Durban -29.9 31.0 ZA DUR;
Felixstowe 52.0 1.3 GB FXT; Fremantle -32.0 115.7 AU FRE; Fujairah 25.2 56.4 AE FJR;
Gdansk 54.4 18.7 PL GDN; Genoa 44.4 8.9 IT GOA; Gibraltar 36.1 -5.4 GI GIB;
Gothenburg 57.7 11.9 SE GOT; Guayaquil -2.3 -79.9 EC GYE; Haifa 32.8 35.0 IL HFA;
Halifax 44.65 -63.6 CA HAL; Hamburg 53.5 9.9 DE HAM; Hong Kong 22.3 114.2 HK HKG;
Honolulu 21.3 -157.9 US HNL; Houston 29.7 -95.0 US HOU; Immingham 53.6 -0.2 GB IMM;
Istanbul 41.0 29.0 TR IST; Jakarta -6.1 106.9 ID JKT; Jebel Ali 25.0 55.1 AE JEA;
Jeddah 21.5 39.2 SA JED; Kaohsiung 22.6 120.3 TW KHH; Karachi 24.8 67.0 PK KHI;
Kingston 18.0 -76.8 JM KIN; Klaipeda 55.7 21.1 LT KLJ; Lagos 6.4 3.4 NG LOS;
Le Havre 49.5 0.1 FR LEH; Lisbon 38.7 -9.1 PT LIS; Liverpool 53.4 -3.0 GB LIV;
Long Beach 33.8 -118.2 US LGB; Los Angeles 33.7 -118.3 US LAX; Luanda -8.8 13.2 AO LAD;
Manila 14.6 120.9 PH MNL; Manzanillo 19.1 -104.3 MX ZLO; Marseille 43.3 5.3 FR MRS;
Melbourne -37.8 144.9 AU MEL; Mombasa -4.1 39.6 KE MBA; Montreal 45.5 -73.5 CA MTR;
Mumbai 18.9 72.8 IN BOM; Murmansk 69.0 33.1 RU MMK; Naples 40.8 14.3 IT NAP;
New Orleans 29.9 -90.1 US MSY; New York 40.7 -74.0 US NYC; Nhava Sheva 18.9 72.9 IN NSA;
Ningbo 29.9 121.8 CN NGB; Novorossiysk 44.7 37.8 RU NVS; Odessa 46.5 30.7 UA ODS;
Oslo 59.9 10.7 NO OSL; Piraeus 37.9 23.6 GR PIR; Plymouth 50.4 -4.1 GB PLY;
Port Hedland -20.3 118.6 AU PHE; Port Klang 3.0 101.4 MY PKG; Port Louis -20.2 57.5 MU PLU;
Port Said 31.3 32.3 EG PSD; Primorsk 60.3 28.7 RU PRI; Qingdao 36.1 120.3 CN TAO;
Reykjavik 64.2 -21.9 IS REY; Riga 57.0 24.1 LV RIX; Rio de Janeiro -22.9 -43.2 BR RIO;
Rotterdam 51.9 4.1 NL RTM; Saint Petersburg 59.9 30.2 RU LED; San Francisco 37.8 -122.4 US SFO;
Santos -24.0 -46.3 BR SSZ; Savannah 32.1 -81.1 US SAV; Seattle 47.6 -122.4 US SEA;
Shanghai 31.2 121.6 CN SHA; Shenzhen 22.5 113.9 CN SZX; Singapore 1.3 103.8 SG SIN;
Southampton 50.9 -1.4 GB SOU; Stockholm 59.3 18.1 SE STO; Suez 29.9 32.6 EG SUZ;
Suva -18.1 178.4 FJ SUV; Sydney -33.9 151.2 AU SYD; Taichung 24.3 120.5 TW TXG;
Tallinn 59.4 24.8 EE TLL; Tampa 27.9 -82.4 US TPA; Tanger Med 35.9 -5.5 MA PTM;
Tanjung Pelepas 1.4 103.5 MY TPP; Tauranga -37.7 176.2 NZ TRG; Tema 5.6 0.0 GH TEM;
Tianjin 39.0 117.8 CN TSN; Tokyo 35.6 139.8 JP TYO; Trieste 45.6 13.8 IT TRS;
Valencia 39.4 -0.3 ES VLC; Valparaiso -33.0 -71.6 CL VAP; Vancouver 49.3 -123.1 CA VAN;
Veracruz 19.2 -96.1 MX VER; Vigo 42.2 -8.7 ES VGO; Vladivostok 43.1 131.9 RU VVO;
Walvis Bay -22.9 14.5 NA WVB; Xiamen 24.5 118.1 CN XMN; Yokohama 35.4 139.7 JP YOK;
Zeebrugge 51.3 3.2 BE ZEE
"""


@lru_cache(maxsize=1)
def major_ports() -> Places:
    """The list as Places."""
    rows = []
    for entry in _PORTS.split(";"):
        *name, lat, lon, country, code = entry.split()
        rows.append((" ".join(name), float(lat), float(lon), country, country + code))
    return places_from(rows)
