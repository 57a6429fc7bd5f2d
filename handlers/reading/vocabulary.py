"""What invoices call their fields, by role and language; data only.

Each entry is a label as printed. Matching ignores case, accents, spaces and punctuation, so one spelling
covers many. A label that begins with `~` is weak: it names the role only when nothing better does.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Role(StrEnum):
    """What the value beside a label is."""

    NUMBER = "invoice number"
    ISSUE_DATE = "issue date"
    DUE_DATE = "due date"
    OTHER_DATE = "other date"
    TOTAL = "total"
    PAYABLE = "amount due"
    NET = "net"
    TAX = "tax"
    OTHER_SUM = "other sum"
    SELLER = "seller"
    BUYER = "buyer"
    TAX_ID = "tax id"
    ACCOUNT = "account"
    IBAN = "iban"
    IFSC = "ifsc"
    BIC = "bic"
    HOLDER = "account holder"
    ORDER = "purchase order"
    OTHER = "other number"


LABELS: Final[Mapping[Role, Mapping[str, str]]] = {
    Role.NUMBER: {
        "en": "invoice number|invoice no|invoice nr|invoice #|invoice id|invoice num|inv no|inv number|inv #|"
        "tax invoice no|tax invoice number|tax invoice #|bill no|bill number|bill #|document no|document number|"
        "doc no|credit note no|credit note number|invoice reference|receipt no|receipt number|receipt #|"
        "cash memo no|voucher no|proforma no|quotation no|quote no|~invoice|~tax invoice|~credit note|~ref no|"
        "~number|~no|~#|~booking id|~receipt|~quotation|~trx no|cash bill no|cs no|invois no|inv.no",
        "de": "rechnungsnummer|rechnungsnr|rechnungs-nr|rechnung nr|rechnung nummer|rechnung #|rechnung no|re-nr|"
        "re.-nr|rg-nr|rgnr|rechnr|beleg-nr|belegnummer|belegnr|gutschrift nr|gutschriftnummer|"
        "gutschriftsnummer|rechnungskorrektur nr|handelsrechnung nr|stornorechnung nr|angebotsnummer|"
        "~rechnung|~warenrechnung|~versicherungsschein-nr|~nummer|~nr",
        "fr": "numero de facture|no de facture|n° de facture|facture n°|facture no|facture numero|facture nr|"
        "n° facture|num facture|reference facture|ref facture|avoir n°|avoir no|~facture|~n°|~piece n°",
        "es": "numero de factura|n° de factura|no de factura|nº de factura|factura n°|factura nº|factura no|"
        "factura numero|num factura|nº factura|~factura|~numero",
        "it": "numero fattura|fattura n|fattura numero|fattura nr|n. fattura|nr fattura|numero documento|"
        "fattura n°|num. fattura|~fattura",
        "nl": "factuurnummer|factuurnr|factuur nr|factuur nummer|factuur no|~factuur|~nummer",
        "pt": "numero da fatura|fatura n|fatura nº|fatura n°|nota fiscal n",
        "pl": "faktura nr|numer faktury|faktura vat nr|nr faktury|faktura numer",
        "hi": "इनवॉइस संख्या|इनवॉइस नंबर|इनवॉइस क्रमांक|इनवॉइस सं|चालान संख्या|बीजक क्रमांक|बीजक संख्या|बीजक सं|"
        "बिल संख्या|बिल क्रमांक|बिल नंबर|बिल सं|~क्रमांक|~संख्या",
        "mr": "बीजक क्र|इनव्हॉइस क्रमांक|इनव्हॉइस क्र|बिल क्र|पावती क्रमांक|चलन क्रमांक|देयक क्रमांक",
        "gu": "ઇન્વોઇસ નંબર|બિલ નંબર|ભરતિયા નંબર",
    },
    Role.ISSUE_DATE: {
        "en": "invoice date|date of invoice|bill date|inv date|issue date|date issued|date of issue|issued at|"
        "issued on|issued|document date|tax point|tax date|doc date|dated|invoice dated|receipt date|"
        "credit note date|~date|~dt",
        "de": "rechnungsdatum|rechnung vom|rechnungs-datum|beleg-datum|belegdatum|ausstellungsdatum|ausgestellt am|"
        "re-datum|~datum|~vom",
        "fr": "date de facture|date de facturation|date facture|date d'emission|date de la facture|facture du|~date|~le|~du",
        "es": "fecha de factura|fecha factura|fecha de emision|fecha emision|fecha de expedicion|~fecha",
        "it": "data fattura|data documento|data di emissione|data emissione|~data|~del",
        "nl": "factuurdatum|factuur datum|datum factuur|~datum",
        "pt": "data da fatura|data de emissao|~data",
        "pl": "data wystawienia|data faktury|wystawiono dnia|~z dnia",
        "hi": "इनवॉइस दिनांक|इनवॉइस तिथि|बीजक दिनांक|बीजक तिथि|बिल दिनांक|बिल तिथि|~दिनांक|~तिथि|~तारीख",
        "mr": "बीजक तारीख|इनव्हॉइस दिनांक|बिल तारीख|देयक दिनांक",
        "gu": "ઇન્વોઇસ તારીખ|બિલ તારીખ|~તારીખ",
    },
    Role.DUE_DATE: {
        "en": "due date|payment due|date due|payment due date|due on|due by|pay by|payable by|payment date|pay before|"
        "please remit until|please pay by|please pay until|payable until|total amount due on|amount due on|~due",
        "de": "zahlbar bis|zahlbar innerhalb|fallig am|fallig|fallig bis|falligkeit|falligkeitsdatum|falligkeitstag|"
        "zahlungsziel|bitte uberweisen sie bis|bitte uberweisen sie bis zum|uberweisen sie bis|zahlung bis|"
        "zahlungstermin|netto bis|zu zahlen bis|spatestens bis|bitte bezahlen sie bis",
        "fr": "date d'echeance|echeance|date limite de paiement|a payer avant|a regler avant le|"
        "date limite de reglement|payable le|a payer avant le|prelevement a partir du",
        "es": "fecha de vencimiento|vencimiento|vence el|pagar antes del|fecha vencimiento",
        "it": "data scadenza|scadenza|data di scadenza|da pagare entro|scadenza pagamento",
        "nl": "vervaldatum|vervaldag|te betalen voor|betalen voor|uiterste betaaldatum|te voldoen voor|verval datum",
        "pt": "data de vencimento|vencimento",
        "pl": "termin platnosci|termin zaplaty",
        "hi": "देय तिथि|भुगतान तिथि|भुगतान की अंतिम तिथि|देय दिनांक|अंतिम तिथि",
        "mr": "देय दिनांक|अंतिम तारीख|देय तारीख|देयक तारीख|मुदत",
        "gu": "નિયત તારીખ",
    },
    Role.OTHER_DATE: {
        "en": "order date|po date|delivery date|date of delivery|date of supply|ship date|shipping date|shipped date|"
        "dispatch date|delivery note date|service date|challan date|ack date|print date|start date|end date|"
        "date of birth|expiry date|valid until|valid till|check in|check out|billing period|service period|"
        "statement date|supply date|date of removal|contract date|e-way bill date|lr date|date of service|period",
        "de": "lieferdatum|liefer-datum|leistungsdatum|leistungs-datum|liefer- und leistungsdatum|bestelldatum|"
        "bestell-datum|bestellung vom|gemass bestellung vom|auftragsdatum|auftrag-datum|auftrag-datum-lief|"
        "lieferschein-datum|lieferscheindatum|leistungszeitraum|abrechnungszeitraum|rechnungszeitraum|"
        "vertrags-datum|versanddatum|skonto bis|innerhalb 10 tagen bis|tagen bis|geburtsdatum|gultig bis|"
        "gultig ab|valutadatum|mandatsdatum|druckdatum|zeitraum vom|bestellt am|lieferung vom|stand",
        "fr": "date de livraison|date de commande|date de prestation|periode|date d'expedition|commande du",
        "es": "fecha de entrega|fecha de pedido|fecha pedido|periodo|fecha operacion",
        "it": "data consegna|data ordine|data ddt|periodo",
        "nl": "orderdatum|leverdatum|besteldatum|periode|verzenddatum|klant order datum",
        "pl": "data sprzedazy|data dostawy",
        "hi": "आदेश दिनांक|आपूर्ति की तारीख|वितरण तिथि|आदेश तिथि",
        "mr": "ऑर्डर दिनांक|पुरवठा दिनांक",
    },
    Role.TOTAL: {
        "en": "grand total|invoice total|total amount|total invoice value|total invoice amount|invoice value|"
        "invoice amount|total incl|total including|total inclusive|total incl vat|total incl gst|total incl tax|"
        "total (incl. vat)|gross total|gross amount|total gross|total payable|net payable|amount payable|"
        "total amount payable|total value|bill amount|total after tax|total amount after tax|total for this invoice|"
        "total sales inclusive of gst|total sales (inclusive of gst)|total sales incl gst|rounded total|"
        "total rounded|round total|total (rm)|total rm|total inclusive of gst|total amt|total with tax|"
        "total due|nett total|total sales|~total|~amount|~net total|~net amount",
        "de": "gesamtbetrag|bruttobetrag|bruttosumme|rechnungsbetrag|rechnungsbetrag brutto|endbetrag|gesamtsumme|"
        "endsumme|rechnungssumme brutto|rechnungssumme|rechnungsendbetrag|summe brutto|summe inkl ust|"
        "summe inkl mwst|gesamtbetrag brutto|gesamt brutto|gesamt inkl mwst|rechnungsbeitrag|total brutto|"
        "gesamtbetrag inkl mwst|betrag inkl mwst|beitrag inklusive|gesamtpreis|~summe|"
        "~gesamt|~gesamtbeitrag|~brutto|~total",
        "fr": "total ttc|montant ttc|total a payer|montant total|net a payer|total ttc a payer|montant total ttc|"
        "montant eur ttc|total general|somme a payer|montant a payer|total facture ttc|~total|~ttc|~montant",
        "es": "total factura|importe total|total a pagar|total con iva|total iva incluido|importe a pagar|"
        "total general|~total|~importe",
        "it": "totale fattura|totale documento|totale da pagare|importo totale|totale ivato|totale complessivo|"
        "netto a pagare|totale iva inclusa|~totale",
        "nl": "totaal incl btw|totaalbedrag|totaal te betalen|factuurtotaal|factuur totaal|totaal inclusief btw|"
        "te betalen|factuurbedrag|eindtotaal|totaal eur|~totaal",
        "pt": "valor total|total a pagar|total geral",
        "pl": "razem do zaplaty|naleznosc ogolem|do zaplaty|wartosc brutto|razem brutto|~razem|~ogolem",
        "hi": "कुल राशि|कुल देय राशि|कुल योग|महायोग|सकल योग|कुल रकम|देय राशि|कुल भुगतान|कुल देय|~कुल|~योग",
        "mr": "एकूण रक्कम|एकूण देय रक्कम|देय रक्कम|एकूण देय|सर्व एकूण|~एकूण",
        "gu": "કુલ રકમ|~કુલ",
    },
    Role.PAYABLE: {
        "en": "amount due|balance due|total amount due|due payable|amount to pay|please pay|outstanding amount|"
        "balance payable|amount owing|total outstanding|balance",
        "de": "zahlbetrag|zu zahlender beitrag|offener betrag|zu zahlen|restbetrag|zu zahlender betrag|uberweisungsbetrag|zahllast|"
        "offener rechnungsbetrag|noch zu zahlen",
        "fr": "reste a payer|solde a payer|montant du|solde du",
        "es": "saldo pendiente|pendiente de pago",
        "it": "saldo|importo dovuto",
        "nl": "openstaand bedrag|nog te betalen|te voldoen",
        "hi": "शेष राशि|बकाया राशि",
        "mr": "बाकी रक्कम|शिल्लक रक्कम",
    },
    Role.NET: {
        "en": "subtotal|sub total|total sales excluding gst|total sales (excluding gst)|total sales excl gst|total excl gst 6%|net total|net amount|total net|taxable value|taxable amount|total taxable value|"
        "total before tax|total excl|total excluding|total excl vat|total excluding gst|amount before tax|"
        "total amount before tax|total excl gst|net value|taxable amt|basic amount|total excluding tax|"
        "assessable value|total (excl. vat)|total taxable amount|total without tax|gross value|taxable total",
        "de": "nettobetrag|nettosumme|summe netto|rechnungssumme netto|rechnungssumme ohne ust|gesamt netto|"
        "zwischensumme netto|netto gesamt|gesamtbetrag netto|summe ohne mwst|betrag netto|nettowarenwert|"
        "total netto|summe exkl mwst|gesamtnetto|nettorechnungsbetrag|~netto|~zwischensumme|~positionssumme|"
        "~gesamtbeitrag",
        "fr": "total ht|montant ht|total hors taxe|total net ht|sous-total|base ht|montant eur ht|total h.t.|~ht",
        "es": "base imponible|subtotal|total sin iva|importe neto|total neto",
        "it": "imponibile|totale imponibile|subtotale|totale netto|totale merce",
        "nl": "exclusief btw|totaal excl btw|subtotaal|totaal exclusief btw|excl btw|grondslag|netto bedrag",
        "pt": "valor liquido|base tributavel",
        "pl": "wartosc netto|razem netto|suma netto",
        "hi": "कर योग्य मूल्य|करयोग्य मूल्य|उप योग|उपयोग|कर योग्य राशि|करयोग्य राशि|उप-योग",
        "mr": "करपात्र मूल्य|करपात्र रक्कम|उप एकूण|उपएकूण|उप-एकूण",
    },
    Role.TAX: {
        "en": "total tax|tax total|vat total|total vat|total gst|gst total|tax amount|vat amount|total tax amount|"
        "gst amount|cgst|sgst|igst|utgst|cess|output cgst|output sgst|output igst|vat|gst|sales tax|add cgst|"
        "add sgst|add igst|add: cgst|~tax|service tax|hst|pst",
        "de": "umsatzsteuer|mehrwertsteuer|mwst|ust|ust gesamt|mwst-betrag|ust-betrag|steuerbetrag|mwst gesamt|"
        "zzgl mwst|zzgl ust|zzgl umsatzsteuer|zuzugl ust|zuzuglich umsatzsteuer|summe umsatzsteuer|"
        "umsatzsteuer gesamt|steuer gesamt|versicherungsteuer|versicherungssteuer|zuzugl mwst|summe mwst|"
        "enthaltene versicherungsteuer|steuerbasisbetrag ust|enthaltene mwst|gesamtsteuerbetrag|mwst betrag",
        "fr": "total tva|montant tva|tva|dont tva|t.v.a.",
        "es": "iva|cuota iva|total iva|importe iva|i.v.a.",
        "it": "imposta|iva|totale iva|totale imposta|importo iva",
        "nl": "btw|btw bedrag|btw-bedrag|totaal btw",
        "pt": "valor do iva|iva",
        "pl": "kwota vat|razem vat|podatek vat",
        "hi": "सीजीएसटी|एसजीएसटी|आईजीएसटी|केंद्रीय कर|राज्य कर|एकीकृत कर|कुल कर|कर राशि|जीएसटी",
        "mr": "केंद्रीय जीएसटी|राज्य जीएसटी|कर रक्कम|एकूण कर",
    },
    Role.OTHER_SUM: {
        "en": "change|change due|cash|cash tendered|tendered|rounding|rounding adj|round off|roundoff|rounding adjustment|"
        "discount|total discount|shipping|total qty|total quantity|total items|total item|total units|paid|amount paid|"
        "payment received|deposit|advance|previous balance|freight|total savings|you saved|visa|master|"
        "mastercard|less advance|tds|amount in words|total in words|payment|credits|total saving|item count|"
        "total number of items|no of items|qty|balance if any|handling|packing|insurance|tip|service charge|"
        "card amount|cash received|total disc|total discount amount",
        "de": "anzahlung|erhaltene anzahlungen|bereits bezahlt|rabatt|skonto|versandkosten|frachtkosten|"
        "transportkosten|gesamtbetrag der zuschlage|gesamtbetrag der abschlage|abschlag|zuschlag|basisbetrag|"
        "gutschriftsbetrag|sondernachlass|warenwert|leergutwert|bar|gegeben|ruckgeld|bruttopreis|nettopreis|"
        "ausstehende forderung|gleitender neuwertfaktor|versicherungssumme",
        "fr": "remise|acompte|frais de port|frais|rendu|especes|escompte|indemnite forfaitaire|capital de|au capital de",
        "es": "descuento|anticipo|gastos de envio|capital social",
        "it": "sconto|acconto|spese di spedizione|bollo|capitale sociale",
        "nl": "korting|aanbetaling|verzendkosten|voldaan",
        "hi": "छूट|अग्रिम|माल भाड़ा|राउंड ऑफ|शब्दों में",
        "mr": "सूट|आगाऊ|अक्षरी",
    },
    Role.SELLER: {
        "en": "seller|supplier|vendor|sold by|~from|bill from|billed by|invoice from|issued by|service provider|"
        "supplier name|vendor name|seller name|name of supplier|payee|pay to|remit to",
        "de": "verkaufer|lieferant|rechnungsersteller|rechnungssteller|leistungserbringer|absender|aussteller",
        "fr": "vendeur|fournisseur|emetteur|prestataire",
        "es": "vendedor|proveedor|emisor",
        "it": "venditore|fornitore|cedente|prestatore|cedente prestatore|cedente/prestatore",
        "nl": "verkoper|leverancier",
        "pl": "sprzedawca|wystawca",
        "hi": "विक्रेता|आपूर्तिकर्ता|प्रेषक",
        "mr": "विक्रेता|पुरवठादार",
    },
    Role.BUYER: {
        "en": "bill to|billed to|buyer|customer|client|ship to|sold to|invoice to|deliver to|consignee|receiver|recipient|"
        "bill to address|billing address|shipping address|delivery address|details of receiver|customer name|"
        "guest name|buyer name|attn|attention|m/s|party name|details of consignee|name of customer|invoiced to|"
        "~to|place of supply|account name of customer|customer details|bill to party|ship to party",
        "de": "kaufer|kaufer/leistungsempfanger|kaufer leistungsempfanger|leistungsempfanger|rechnungsempfanger|"
        "warenempfanger|kunde|empfanger|lieferanschrift|rechnungsanschrift|lieferadresse|rechnungsadresse|"
        "abweichender warenempfanger|abweichender rechnungsempfanger|abweichender zahlungsempfanger|herrn|frau|"
        "auftraggeber|besteller|endempfanger",
        "fr": "client|acheteur|destinataire|adresse de facturation|adresse de livraison|facture a|livre a|"
        "nom de l'abonne|adresse de l'installation",
        "es": "cliente|comprador|destinatario|direccion de facturacion",
        "it": "cliente|acquirente|destinatario|cessionario|committente|spett.le|spettabile",
        "nl": "klant|koper|factuuradres|afleveradres|ontvanger",
        "pl": "nabywca|odbiorca",
        "hi": "क्रेता|ग्राहक|खरीदार|प्राप्तकर्ता|सेवा में",
        "mr": "ग्राहक|खरेदीदार|प्रति",
    },
    Role.TAX_ID: {
        "en": "gstin|gst no|gst number|gst in|gstin/uin|gst reg no|gst registration no|vat no|vat number|vat id|vat-id|vat reg no|"
        "vat registration number|tax id|tax no|tax number|tin|vat/tin|ein|gst id|gst reg|gst#|vat|abn",
        "de": "ust-id|ust-idnr|ust-id-nr|ust.-id.-nr|ustid|ust-identnr|umsatzsteuer-id|umsatzsteuer-identifikationsnummer|"
        "steuernummer|steuer-nr|steuernr|st.-nr|ust.-identnr|uid|uid-nr|ust-identifikationsnummer",
        "fr": "n° de tva|tva intracommunautaire|n° tva|siret|siren|numero de tva|tva intra|n° de tva intra|n° tva intracom|"
        "n° tva intracommunautaire",
        "es": "nif|cif|c.i.f.|n.i.f.|nif/cif|cif/nif",
        "it": "partita iva|p.iva|p. iva|codice fiscale|c.f.|p.i.",
        "nl": "btw nummer|btw-nummer|btw nr|btw-nr|btw-id|btw id",
        "pl": "nip",
        "hi": "जीएसटीआईएन|जीएसटी संख्या|जीएसटी नंबर|जीएसटीएन",
        "mr": "जीएसटी क्रमांक|जीएसटी क्र",
    },
    Role.ACCOUNT: {
        "en": "account number|account no|account #|a/c no|a/c number|ac no|a/c|bank account|bank account no|"
        "bank account number|acc no|acct no|acc number|beneficiary account|beneficiary account no|~account|"
        "current account no|savings account no|bank a/c no|bank a/c|beneficiary a/c no|current a/c no|cc a/c no",
        "de": "kontonummer|konto-nr|kto-nr|kto|kontonr|konto|kto.-nr",
        "fr": "numero de compte|n° de compte|compte bancaire|compte n°",
        "es": "numero de cuenta|cuenta bancaria|n° de cuenta|cuenta",
        "it": "conto corrente|numero conto|c/c",
        "nl": "rekeningnummer|bankrekening|rekening",
        "pl": "nr konta|numer konta|rachunek bankowy|nr rachunku|konto bankowe",
        "hi": "खाता संख्या|खाता क्रमांक|बैंक खाता संख्या|खाता नंबर|खाता सं|बैंक खाता",
        "mr": "खाते क्रमांक|खाते क्र|बँक खाते क्रमांक|बँक खाते|खाते नंबर",
        "gu": "ખાતા નંબર|ખાતું નંબર",
    },
    Role.IBAN: {"en": "iban|iban no|iban number|iban-nr|iban code|iban nr"},
    Role.IFSC: {
        "en": "ifsc|ifsc code|ifs code|ifsc no|rtgs/neft ifsc|neft/ifsc|rtgs ifsc|bank ifsc|ifsc/rtgs code",
        "hi": "आईएफएससी|आईएफएससी कोड|आई एफ एस सी",
        "mr": "आयएफएससी|आयएफएससी कोड",
        "gu": "આઈએફએસસી",
    },
    Role.BIC: {"en": "bic|swift|swift code|bic code|swift/bic|bic/swift|bic-code|swift-bic|verkaufer-bic"},
    Role.HOLDER: {
        "en": "account holder|account name|beneficiary|beneficiary name|a/c name|a/c holder|name of account holder|"
        "account holder name|all payment to be made in favor of|cheque in favour of|payee name|in favour of",
        "de": "kontoinhaber|kontoname|zahlungsempfanger|inhaber",
        "fr": "titulaire du compte|titulaire",
        "es": "titular|titular de la cuenta",
        "it": "intestatario|intestato a|beneficiario",
        "nl": "ten name van|t.n.v.|rekeninghouder",
        "hi": "खाताधारक|खाता धारक|खाता नाम",
        "mr": "खातेदार|खातेदाराचे नाव|खाते नाव",
    },
    Role.ORDER: {
        "en": "po number|po no|p.o. no|p.o. number|po #|p.o.|po|purchase order|purchase order no|purchase order number|"
        "buyer's order no|buyer order no|buyers order no|your order|your order no|order reference|"
        "customer po|customer po no|po ref|your po|p.o. #|work order no|wo no",
        "de": "bestellnummer|bestell-nr|bestellung nr|ihre bestellung|ihre bestellnummer|bestellung|bestellreferenz|"
        "bestellnr|gemass bestellung nr|auftragsreferenz|ihre bestell-nr",
        "fr": "numero de commande|commande n°|bon de commande|n° de commande|votre commande|n° commande",
        "es": "numero de pedido|pedido n°|n° pedido|su pedido|orden de compra",
        "it": "numero ordine|ordine n|vs. ordine|vostro ordine|ordine d'acquisto",
        "nl": "uw bestelnummer|inkooporder|uw order|bestelnummer|inkoopordernummer",
        "pl": "nr zamowienia|numer zamowienia",
        "hi": "क्रय आदेश संख्या|क्रय आदेश|आदेश संख्या|पीओ संख्या",
        "mr": "खरेदी आदेश क्रमांक|खरेदी आदेश|पीओ क्रमांक",
    },
    Role.OTHER: {
        "en": "customer no|customer number|customer id|order no|order id|order number|delivery note|delivery no|delivery note no|phone|"
        "tel|telephone|mobile|mob|fax|email|e-mail|pan|pan no|cin|hsn|sac|hsn/sac|page|reference|reference no|our ref|your ref|ref|"
        "challan no|vehicle no|e-way bill no|eway bill no|irn|ack no|lr no|contract no|contract number|project no|"
        "registration no|reg no|company reg no|co reg no|website|state code|pin|pincode|pin code|zip|bank code|branch|branch code|sort code|routing no|"
        "micr|upi|upi id|msme|udyam|aadhaar|quote number|customer|member no|table no|cashier|counter|terminal|pos no|ticket no|"
        "serial no|model no|item no|art no|sku|service tax #|service tax no|bank|bank name|bank details|payment terms|terms|"
        "payment mode|mode of payment|document reference|supplier ref|other reference|code|station|till|order|reg|room no|roc no|co no|lic no|tid|mid|batch no",
        "de": "kundennummer|kunden-nr|kundennr|kd-nr|auftragsnummer|auftrags-nr|auftrag-nr-lief|auftrag-nr|lieferschein-nr|"
        "lieferscheinnummer|lieferschein|vertrags-nr|vertragsnummer|telefon|telefax|tel|handy|hrb|hrb nr|handelsregister|"
        "amtsgericht|gln|gtin|ean|blz|bankleitzahl|lief-nr|lieferantennummer|ihre nummer|referenz|referenz nummer|"
        "weitere referenz|seite|mandatsreferenz|glaubiger-id|glaubiger id|leitwege-id|wee-reg-nr|oko-kontr-nr|art-nr|"
        "artikelnummer|artikel-nr|zahlpunkt|zahler-nr|kostenstelle|projektnummer|ihr zeichen|unser zeichen|personalnr|ursprungsbeleg-nr|"
        "reklamationsnummer|mitgliedsnummer|globale nummer|zolltarifnummer|kennzeichen|bank|bankverbindung|bankname|"
        "ihre ust.-identnr|lieferavis|vertrag|anhang|buchungsreferenz|handelsregisternummer|registergericht|abteilung|ansprechpartner|anschrift|bezug|"
        "referenz der vorausgegangenen rechnung|ursprungsrechnung|vorausgegangene rechnung|bezug rechnung|zahlungsreferenz|verwendungszweck|tarif|kundenreferenz",
        "fr": "numero client|n° client|id client|telephone|tel|reference|ref|rcs|naf|ape|code ape|numero de dossier|numero de ligne|"
        "id.client|code client|capital|page|banque|rib|code banque|cle rib|code guichet",
        "es": "telefono|n° cliente|numero de cliente|referencia|albaran|pagina|banco|codigo cliente",
        "it": "telefono|codice cliente|riferimento|ddt|rea|pagina|banca|codice destinatario|cap",
        "nl": "klantnummer|ordernummer|kvk|kvk-nummer|telefoon|debiteurnummer|pagina|serienummer|klant order|referentie|bank|uw referentie|pakbonnummer",
        "pl": "adres|telefon|regon|krs|lp|bank|tel|dok wydania|slownie",
        "hi": "मोबाइल|फोन|फ़ोन|दूरभाष|पैन|पृष्ठ|बैंक|बैंक का नाम|शाखा|पिन कोड|एचएसएन|ई-मेल|वाहन संख्या|पता|ग्राहक संख्या",
        "mr": "भ्रमणध्वनी|पान|बँक|बँकेचे नाव|शाखा|पॅन|एचएसएन|वाहन क्रमांक|पत्ता",
    },
}

KINDS: Final[Mapping[str, str]] = {
    "quotation": "quotation|quote|proforma invoice|pro forma invoice|proforma|pro-forma|estimate|sales order|purchase order|"
    "angebot|kostenvoranschlag|auftragsbestatigung|proformarechnung|devis|facture proforma|presupuesto|factura proforma|preventivo|"
    "offerte|preventivo|delivery challan|कोटेशन|दरपत्रक|निविदा|order confirmation",
    "credit_note": "credit note|credit memo|credit invoice|gutschrift|rechnungskorrektur|stornorechnung|storno|korrekturrechnung|"
    "avoir|facture d'avoir|nota de credito|factura rectificativa|nota di credito|creditnota|creditfactuur|क्रेडिट नोट|जमा पत्र",
    "receipt": "receipt|payment receipt|cash receipt|official receipt|quittung|kassenbon|kassenzettel|kvitto|recu|ticket de caisse|"
    "recibo|ricevuta|scontrino|kassabon|रसीद|पावती|cash bill|cash sale",
    "invoice": "invoice|tax invoice|bill of supply|retail invoice|commercial invoice|rechnung|handelsrechnung|beitragsrechnung|"
    "warenrechnung|kostenrechnung|mietrechnung|facture|factura|fattura|factuur|faktura|fatura|इनवॉइस|चालान|बीजक|बिल|"
    "कर चालान|टैक्स इनवॉइस|कर बीजक|देयक|इनव्हॉइस|retail invoices/bill|bill",
}
"""Titles by kind of document, in the order in which they are believed."""

LEGAL_FORMS: Final = (
    "gmbh|ag|kg|ohg|ug|e.k.|e.v.|gbr|ltd|ltd.|limited|llp|llc|inc|inc.|corp|corp.|corporation|plc|b.v.|bv|n.v.|nv|s.a.|"
    "sa|sas|sarl|s.a.r.l.|s.r.l.|srl|s.p.a.|spa|s.l.|sl|oy|ab|aps|a/s|pvt|pvt.|pte|pte.|bhd|sdn|pty|mbh|a.g.|&co|co.|"
    "enterprise|enterprises|trading|traders|industries|services|stores|store|works|agencies|associates|company|प्रा.|लि.|"
    "लिमिटेड|प्राइवेट|प्रायव्हेट|एंटरप्राइजेज|ट्रेडर्स|s.c.|z.o.o.|sp.|hypermarket|mart|restaurant|hardware|supplies"
)
"""Words at the end of a company's name."""
