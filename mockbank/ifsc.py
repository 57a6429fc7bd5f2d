"""Account numbers and the codes that route to them: IFSC for India, IBAN and BIC for Europe. Pure.

IFSC (Reserve Bank of India): four letters of the bank, a zero, six characters of the branch; no check digit, so
beyond the format only the bank can be checked. IBAN is ISO 13616 with its mod 97 check, BIC is ISO 9362.
"""

import re

from schwifty import BIC, IBAN
from schwifty.exceptions import SchwiftyException

IFSC = re.compile(r"[A-Z]{4}0[A-Z0-9]{6}", re.ASCII)
INDIAN_ACCOUNT = re.compile(r"[0-9]{9,18}", re.ASCII)
IBAN_START = re.compile(r"[A-Z]{2}[0-9]{2}", re.ASCII)

LAST_SHOWN = 4

BANKS: dict[str, str] = {
    "AIRP": "Airtel Payments Bank",
    "AUBL": "AU Small Finance Bank",
    "BARB": "Bank of Baroda",
    "BDBL": "Bandhan Bank",
    "BKID": "Bank of India",
    "BNPA": "BNP Paribas",
    "BOFA": "Bank of America",
    "CBIN": "Central Bank of India",
    "CHAS": "JPMorgan Chase Bank",
    "CITI": "Citibank",
    "CIUB": "City Union Bank",
    "CNRB": "Canara Bank",
    "COSB": "Cosmos Co-operative Bank",
    "CSBK": "CSB Bank",
    "DBSS": "DBS Bank India",
    "DCBL": "DCB Bank",
    "DEUT": "Deutsche Bank",
    "DLXB": "Dhanlaxmi Bank",
    "ESFB": "Equitas Small Finance Bank",
    "FDRL": "Federal Bank",
    "FINO": "Fino Payments Bank",
    "HDFC": "HDFC Bank",
    "HSBC": "HSBC",
    "IBKL": "IDBI Bank",
    "ICIC": "ICICI Bank",
    "IDFB": "IDFC First Bank",
    "IDIB": "Indian Bank",
    "INDB": "IndusInd Bank",
    "IOBA": "Indian Overseas Bank",
    "IPOS": "India Post Payments Bank",
    "JAKA": "Jammu & Kashmir Bank",
    "JSFB": "Jana Small Finance Bank",
    "KARB": "Karnataka Bank",
    "KKBK": "Kotak Mahindra Bank",
    "KVBL": "Karur Vysya Bank",
    "MAHB": "Bank of Maharashtra",
    "NTBL": "Nainital Bank",
    "PSIB": "Punjab & Sind Bank",
    "PUNB": "Punjab National Bank",
    "PYTM": "Paytm Payments Bank",
    "RATN": "RBL Bank",
    "SBIN": "State Bank of India",
    "SCBL": "Standard Chartered Bank",
    "SIBL": "South Indian Bank",
    "SRCB": "Saraswat Co-operative Bank",
    "SVCB": "SVC Co-operative Bank",
    "TMBL": "Tamilnad Mercantile Bank",
    "UBIN": "Union Bank of India",
    "UCBA": "UCO Bank",
    "UJVN": "Ujjivan Small Finance Bank",
    "UTIB": "Axis Bank",
    "YESB": "Yes Bank",
}
"""Bank codes this bank can reach; an IFSC of any other bank is refused."""


def compact(text: str) -> str:
    """Upper case without blanks, the form in which numbers and codes are kept and shown."""
    return "".join(text.split()).upper()


def looks_like_iban(number: str) -> bool:
    """Whether a compact number begins as an IBAN does: country code and two check digits."""
    return IBAN_START.match(number) is not None


def account_problem(number: str) -> str | None:
    """Say what is wrong with a compact Indian account number, None when nothing is."""
    return None if INDIAN_ACCOUNT.fullmatch(number) else "Account number must have 9 to 18 digits"


def ifsc_problem(code: str) -> str | None:
    """Say what is wrong with a compact IFSC, None when nothing is."""
    if not IFSC.fullmatch(code):
        return "IFSC must be four letters, a zero and six letters or digits"
    return None if code[:4] in BANKS else f"No bank has the IFSC prefix {code[:4]}"


def iban_problem(number: str) -> str | None:
    """Say what is wrong with a compact IBAN (structure, mod 97, SEPA country), None when nothing is."""
    try:
        iban = IBAN(number)
    except SchwiftyException:
        return "IBAN is not valid: check its digits"
    return None if iban.in_sepa_zone else f"{number[:2]} is outside the SEPA area"


def bic_problem(code: str) -> str | None:
    """Say what is wrong with a compact BIC, None when nothing is; the format only, no register is asked."""
    try:
        BIC(code)
    except SchwiftyException:
        return "BIC must have 8 or 11 characters, such as COBADEFFXXX"
    return None


def bank_name(routing: str) -> str | None:
    """Name the bank of a compact IFSC, None for a BIC or a bank not in the table."""
    return BANKS.get(routing[:4]) if IFSC.fullmatch(routing) else None


def masked(number: str) -> str:
    """Hide all but the last four characters of an account number."""
    return "X" * (len(number) - LAST_SHOWN) + number[-LAST_SHOWN:]
