"""Country names as lists write them, to ISO 3166-1 alpha-2 codes."""

from __future__ import annotations

import re
import unicodedata

_COUNTRIES = """
AF AFG Afghanistan; AL ALB Albania; DZ DZA Algeria; AS ASM American Samoa; AD AND Andorra
AO AGO Angola; AI AIA Anguilla; AG ATG Antigua and Barbuda/Antigua; AR ARG Argentina
AM ARM Armenia; AW ABW Aruba; AU AUS Australia; AT AUT Austria; AZ AZE Azerbaijan
BS BHS Bahamas/The Bahamas; BH BHR Bahrain; BD BGD Bangladesh; BB BRB Barbados
BY BLR Belarus; BE BEL Belgium; BZ BLZ Belize; BJ BEN Benin; BM BMU Bermuda; BT BTN Bhutan
BO BOL Bolivia/Plurinational State of Bolivia/Bolivia (Plurinational State of)
BA BIH Bosnia and Herzegovina; BW BWA Botswana; BR BRA Brazil; VG VGB British Virgin Islands
BN BRN Brunei/Brunei Darussalam; BG BGR Bulgaria; BF BFA Burkina Faso; BI BDI Burundi
KH KHM Cambodia/Kampuchea; CM CMR Cameroon; CA CAN Canada; CV CPV Cape Verde/Cabo Verde
KY CYM Cayman Islands; CF CAF Central African Republic; TD TCD Chad; CL CHL Chile
CN CHN China/People's Republic of China/China, People's Republic of/PRC; CX CXR Christmas Island
CC CCK Cocos Islands/Cocos (Keeling) Islands; CO COL Colombia
KM COM Comoros/Comoros Islands/Union of the Comoros/Union of Comoros
CG COG Congo/Republic of the Congo/Congo, Republic of the
CD COD Democratic Republic of the Congo/Congo, Democratic Republic of the/DR Congo
CK COK Cook Islands; CR CRI Costa Rica; CI CIV Cote d'Ivoire/Ivory Coast; HR HRV Croatia
CU CUB Cuba; CW CUW Curacao/Netherlands Antilles; CY CYP Cyprus; CZ CZE Czechia/Czech Republic
DK DNK Denmark; DJ DJI Djibouti; DM DMA Dominica; DO DOM Dominican Republic; EC ECU Ecuador
EG EGY Egypt; SV SLV El Salvador; GQ GNQ Equatorial Guinea; ER ERI Eritrea; EE EST Estonia
SZ SWZ Eswatini/Swaziland; ET ETH Ethiopia; FK FLK Falkland Islands/Falkland Islands (Malvinas)
FO FRO Faroe Islands/Faeroe Islands/Faroes; FJ FJI Fiji; FI FIN Finland
FR FRA France/France (FIS)/French International Register; GF GUF French Guiana
PF PYF French Polynesia; TF ATF French Southern Territories; GA GAB Gabon
GM GMB Gambia/The Gambia/Gambia, The; GE GEO Georgia; DE DEU Germany; GH GHA Ghana
GI GIB Gibraltar; GR GRC Greece; GL GRL Greenland; GD GRD Grenada; GP GLP Guadeloupe; GU GUM Guam
GT GTM Guatemala; GN GIN Guinea/Republic of Guinea; GW GNB Guinea-Bissau; GY GUY Guyana
HT HTI Haiti; HN HND Honduras; HK HKG Hong Kong/Hong Kong, China/Hong Kong SAR/China (Hong Kong)
HU HUN Hungary; IS ISL Iceland; IN IND India; ID IDN Indonesia
IR IRN Iran/Islamic Republic of Iran/Iran, Islamic Republic of/Iran (Islamic Republic of)
IQ IRQ Iraq; IE IRL Ireland; IM IMN Isle of Man; IL ISR Israel; IT ITA Italy; JM JAM Jamaica
JP JPN Japan; JE JEY Jersey; GG GGY Guernsey; JO JOR Jordan; KZ KAZ Kazakhstan; KE KEN Kenya
KI KIR Kiribati
KP PRK North Korea/Democratic People's Republic of Korea/DPRK/Korea, North/Korea DPR
KP PRK Korea, Democratic People's Republic of/Korea (Democratic People's Republic of)
KR KOR South Korea/Republic of Korea/Korea/Korea, South/Korea, Republic of/ROK; KW KWT Kuwait
KG KGZ Kyrgyzstan; LA LAO Laos/Lao People's Democratic Republic; LV LVA Latvia; LB LBN Lebanon
LS LSO Lesotho; LR LBR Liberia; LY LBY Libya/Libyan Arab Jamahiriya; LI LIE Liechtenstein
LT LTU Lithuania; LU LUX Luxembourg; MO MAC Macao/Macau; MG MDG Madagascar; MW MWI Malawi
MY MYS Malaysia; MV MDV Maldives; ML MLI Mali; MT MLT Malta
MH MHL Marshall Islands/Republic of the Marshall Islands; MQ MTQ Martinique; MR MRT Mauritania
MU MUS Mauritius; YT MYT Mayotte; MX MEX Mexico
FM FSM Micronesia/Federated States of Micronesia/Micronesia, Federated States of
MD MDA Moldova/Republic of Moldova/Moldova, Republic of; MC MCO Monaco; MN MNG Mongolia
ME MNE Montenegro; MS MSR Montserrat; MA MAR Morocco; MZ MOZ Mozambique; MM MMR Myanmar/Burma
NA NAM Namibia; NR NRU Nauru; NP NPL Nepal; NL NLD Netherlands/The Netherlands/Holland
NC NCL New Caledonia; NZ NZL New Zealand; NI NIC Nicaragua; NE NER Niger; NG NGA Nigeria
NU NIU Niue; MK MKD North Macedonia/Macedonia; MP MNP Northern Mariana Islands; NO NOR Norway
OM OMN Oman; PK PAK Pakistan; PW PLW Palau; PS PSE Palestine/State of Palestine; PA PAN Panama
PG PNG Papua New Guinea; PY PRY Paraguay; PE PER Peru; PH PHL Philippines/The Philippines
PN PCN Pitcairn; PL POL Poland; PT PRT Portugal/Madeira/Azores; PR PRI Puerto Rico; QA QAT Qatar
RE REU Reunion; RO ROU Romania; RU RUS Russia/Russian Federation; RW RWA Rwanda
SH SHN Saint Helena/St Helena; KN KNA Saint Kitts and Nevis/St Kitts and Nevis/St. Kitts
LC LCA Saint Lucia/St Lucia; PM SPM Saint Pierre and Miquelon/St Pierre and Miquelon
VC VCT Saint Vincent and the Grenadines/St Vincent and the Grenadines/St Vincent; WS WSM Samoa
SM SMR San Marino; ST STP Sao Tome and Principe/Sao Tome & Principe; SA SAU Saudi Arabia
SN SEN Senegal; RS SRB Serbia; SC SYC Seychelles; SL SLE Sierra Leone; SG SGP Singapore
SX SXM Sint Maarten; SK SVK Slovakia/Slovak Republic; SI SVN Slovenia; SB SLB Solomon Islands
SO SOM Somalia; ZA ZAF South Africa; SS SSD South Sudan; ES ESP Spain/Spain (CSR); LK LKA Sri Lanka
SD SDN Sudan; SR SUR Suriname; SE SWE Sweden; CH CHE Switzerland
SY SYR Syria/Syrian Arab Republic; TW TWN Taiwan/Chinese Taipei/Taiwan, Province of China
TJ TJK Tajikistan; TZ TZA Tanzania/United Republic of Tanzania/Tanzania, United Republic of
TZ TZA Zanzibar/Tanzania (Zanzibar); TH THA Thailand; TL TLS Timor-Leste/East Timor; TG TGO Togo
TK TKL Tokelau; TO TON Tonga; TT TTO Trinidad and Tobago; TN TUN Tunisia
TR TUR Turkey/Turkiye; TM TKM Turkmenistan; TC TCA Turks and Caicos Islands; TV TUV Tuvalu
UG UGA Uganda; UA UKR Ukraine; AE ARE United Arab Emirates/UAE
GB GBR United Kingdom/UK/Great Britain/United Kingdom of Great Britain and Northern Ireland
US USA United States/United States of America/U.S.A.; UY URY Uruguay; UZ UZB Uzbekistan
VU VUT Vanuatu; VA VAT Vatican City/Holy See
VE VEN Venezuela/Bolivarian Republic of Venezuela/Venezuela, Bolivarian Republic of
VN VNM Vietnam/Viet Nam; VI VIR US Virgin Islands; WF WLF Wallis and Futuna
EH ESH Western Sahara; YE YEM Yemen; ZM ZMB Zambia; ZW ZWE Zimbabwe
"""

NO_COUNTRY = frozenset({"", "none identified", "unknown", "none", "nan", "na", "stateless", "0"})


def _folded(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.replace("’", "'").replace("&", " and "))
    plain = plain.encode("ascii", "ignore").decode().lower()
    return " ".join(re.sub(r"[^a-z0-9]+", " ", re.sub(r"\bst\b\.?", "saint", plain)).split())


def _table() -> tuple[dict[str, str], dict[str, str]]:
    by_name: dict[str, str] = {}
    names: dict[str, str] = {}
    for entry in re.split(r"[;\n]", _COUNTRIES):
        if not entry.strip():
            continue
        alpha2, alpha3, spellings = entry.strip().split(" ", 2)
        first, *others = spellings.split("/")
        names.setdefault(alpha2, first)
        for spelling in (alpha2, alpha3, first, *others):
            by_name[_folded(spelling)] = alpha2
    return by_name, names


_BY_NAME, _NAMES = _table()


def country_code(text: str) -> str | None:
    """The alpha-2 code of a country's name or code, in any case and spelling known; or None."""
    return _BY_NAME.get(_folded(text))


def country_name(code: str) -> str:
    """The English name of an alpha-2 code; the code itself where it is not known."""
    return _NAMES.get(code, code)
