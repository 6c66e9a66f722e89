"""Which elements of camt.052, 053 and 054 we read, and under what names, for all versions at once.

Versions name the same thing in several places (``BIC``/``BICFI``, ``Nm``/``Pty/Nm``, ``Sts``/``Sts/Cd``,
a version 1 without ``NtryDtls``); all of them lead to one field here. Source: the message
definitions that ISO 20022 publishes.
"""

from __future__ import annotations

from typing import Final

from importers.camt.tree import Group, JoinedField, Node, Shape, compile_shape

_ADDRESS: Final = (
    "AdrLine Dept SubDept BldgNm StrtNm BldgNb Flr PstBx Room PstCd TwnNm TwnLctnNm DstrctNm CtrySubDvsn Ctry"
).split()


def _list_account_paths(path: str, field: str) -> Shape:
    """Return an account's number: ``PrtryAcct``, ``BBAN`` and ``UPIC`` are version 1."""
    other = dict.fromkeys(
        (f"{path}/Id/{it}" for it in "Othr/Id PrtryAcct/Id BBAN UPIC".split()), f"{field} other"
    )
    return {f"{path}/Id/IBAN": f"{field} iban", **other}


def _list_bank_paths(path: str, field: str) -> Shape:
    return dict.fromkeys((f"{path}/FinInstnId/{it}" for it in "BIC BICFI CmbndId/BIC".split()), field)


def _list_party_paths(role: str, field: str) -> Shape:
    here, ultimate = f"RltdPties/{role}", f"RltdPties/Ultmt{role}"
    return {
        f"{here}/Nm": f"{field} name",
        f"{here}/Pty/Nm": f"{field} name",
        f"{here}/Agt/FinInstnId/Nm": f"{field} name",
        f"{here}Acct/Nm": f"{field} account name",
        f"{ultimate}/Nm": f"{field} ultimate",
        f"{ultimate}/Pty/Nm": f"{field} ultimate",
        **{f"{here}/PstlAdr/{it}": JoinedField(f"{field} address", ", ") for it in _ADDRESS},
        **{f"{here}/Pty/PstlAdr/{it}": JoinedField(f"{field} address", ", ") for it in _ADDRESS},
        **_list_account_paths(f"{here}Acct", field),
        **_list_bank_paths(f"RltdAgts/{role}Agt", f"{field} bic"),
    }


_IDENTIFIER: Final = Group("creditor ids", {"Id": "id", "SchmeNm/Prtry": "scheme", "SchmeNm/Cd": "scheme"})
_REFERENCE: Final = Group(
    "references",
    {
        "Tp/CdOrPrtry/Cd": "type",
        "Tp/CdOrPrtry/Prtry": "type",
        "Ref": "ref",
        "CdtrRefTp/Cd": "type",  # version 1
        "CdtrRefTp/Prtry": "type",
        "CdtrRef": "ref",
    },
)
_DOCUMENT: Final = Group(  # an invoice or another paper that the payer names
    "references", {"Tp/CdOrPrtry/Cd": "type", "Tp/CdOrPrtry/Prtry": "type", "Nb": "ref"}
)
_CHARGES: Final = Group(
    "charges",
    {
        "TtlChrgsAndTaxAmt": "total",
        "Amt": "amount",
        "CdtDbtInd": "sign",
        "Rcrd": Group("charges", {"Amt": "amount", "CdtDbtInd": "sign"}),
    },
)
_BANK_CODE: Final[Shape] = {
    "BkTxCd/Domn/Cd": "domain",
    "BkTxCd/Domn/Fmly/Cd": "family",
    "BkTxCd/Domn/Fmly/SubFmlyCd": "subfamily",
    "BkTxCd/Prtry/Cd": "proprietary",
}
_PAYMENT: Final[Shape] = {
    "Refs/EndToEndId": "end_to_end_id",
    "Refs/TxId": "tx_id",
    "Refs/UETR": "uetr",
    "Refs/InstrId": "instruction_id",
    "Refs/MndtId": "mandate_id",
    "Refs/PmtInfId": "batch_id",
    "Refs/ChqNb": "cheque_no",
    "Refs/AcctSvcrRef": "bank_ref",
    "Amt": "amount",
    "CdtDbtInd": "sign",
    "AmtDtls/TxAmt/Amt": "transaction amount",
    "AmtDtls/CntrValAmt/Amt": "counter amount",
    "AmtDtls/InstdAmt/Amt": "instructed amount",
    "Chrgs": _CHARGES,
    **_BANK_CODE,
    **_list_party_paths("Dbtr", "debtor"),
    **_list_party_paths("Cdtr", "creditor"),
    **dict.fromkeys(
        (
            f"RltdPties/Cdtr/{it}"
            for it in "Id/PrvtId/Othr Id/OrgId/Othr Pty/Id/PrvtId/Othr Pty/Id/OrgId/Othr".split()
        ),
        _IDENTIFIER,
    ),
    "RmtInf/Ustrd": JoinedField("remittance", " "),
    "RmtInf/Strd/AddtlRmtInf": JoinedField("remittance", " "),
    "RmtInf/Strd/CdtrRefInf": _REFERENCE,
    "RmtInf/Strd/RfrdDocInf": _DOCUMENT,
    "Purp/Cd": "purpose",
    "Purp/Prtry": "purpose",
    "RtrInf/Rsn/Cd": "return_code",
    "RtrInf/Rsn/Prtry": "return_code",
    "RtrInf/RtrRsn/Cd": "return_code",  # version 1
    "RtrInf/RtrRsn/Prtry": "return_code",
    "RtrInf/AddtlInf": JoinedField("return_info", " "),
    "RtrInf/AddtlRtrRsnInf": JoinedField("return_info", " "),  # version 1
    "AddtlTxInf": "info",
}
_BATCH: Final[Shape] = {
    "Btch/PmtInfId": "batch_id",
    "Btch/NbOfTxs": "count",
    "TxDtls": Group("payments", _PAYMENT),
}
_ENTRY: Final[Shape] = {
    "NtryRef": "entry_ref",
    "Amt": "amount",
    "CdtDbtInd": "sign",
    "RvslInd": "reversal",
    "Sts": "status",
    "Sts/Cd": "status",
    "Sts/Prtry": "status",
    "BookgDt/Dt": "booked",
    "BookgDt/DtTm": "booked",
    "ValDt/Dt": "value",
    "ValDt/DtTm": "value",
    "AcctSvcrRef": "bank_ref",
    "AmtDtls/InstdAmt/Amt": "instructed amount",
    "Chrgs": _CHARGES,
    "AddtlNtryInf": "info",
    **_BANK_CODE,
    **_BATCH,  # version 1 has them here
    "NtryDtls": Group("batches", _BATCH),
}
_BALANCE: Final[Shape] = {
    "Tp/CdOrPrtry/Cd": "type",
    "Tp/CdOrPrtry/Prtry": "type",  # some banks write ISO's codes here
    "Tp/Cd": "type",  # version 1
    "Amt": "amount",
    "CdtDbtInd": "sign",
    "Dt/Dt": "on",
    "Dt/DtTm": "on",
}
_STATEMENT: Final[Shape] = {
    "Id": "statement_id",
    "ElctrncSeqNb": "sequence_no",
    "LglSeqNb": "legal_seq",
    "StmtPgntn/PgNb": "page",
    "RptPgntn/PgNb": "page",
    "NtfctnPgntn/PgNb": "page",
    "CreDtTm": "created",
    **{f"FrToDt/{it}": "from" for it in "FrDt FrDtTm".split()},
    **{f"FrToDt/{it}": "to" for it in "ToDt ToDtTm".split()},
    **_list_account_paths("Acct", "own"),
    "Acct/Ccy": "currency",
    "Acct/Ownr/Nm": "owner",
    "Acct/Ownr/Pty/Nm": "owner",
    **_list_bank_paths("Acct/Svcr", "bank_bic"),
    "Bal": Group("balances", _BALANCE),
    **{
        f"TxsSummry/{element}/{child}": f"{side} {field}"
        for element, side in (("TtlNtries", "all"), ("TtlCdtNtries", "CRDT"), ("TtlDbtNtries", "DBIT"))
        for child, field in (("NbOfNtries", "count"), ("Sum", "sum"))
    },
    "Ntry": Group("entry", _ENTRY, is_reported=True),
}
_MESSAGE: Final[Shape] = {
    "GrpHdr/MsgId": "message_id",
    "GrpHdr/CreDtTm": "created",
    "GrpHdr/MsgPgntn/PgNb": "page",  # where version 2 numbers its pages
    **dict.fromkeys(("Stmt", "Rpt", "Ntfctn"), Group("statement", _STATEMENT, is_reported=True)),
}
_CONTAINERS: Final = {
    "BkToCstmrAcctRpt": "camt.052",
    "BkToCstmrStmt": "camt.053",
    "BkToCstmrDbtCdtNtfctn": "camt.054",
}

TREE: Final[Node] = compile_shape(
    {
        f"{element}{version}": Group(name, _MESSAGE, is_reported=True)
        for element, name in _CONTAINERS.items()
        for version in ("", "V01")
    }
)
