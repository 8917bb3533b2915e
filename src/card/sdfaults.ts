import { Fault, FaultCode } from "../core/fault"
import { Command, R1 } from "./sdprotocol"

/** The fault for a nonzero answer. */
export function refusal(r1: number, index: Command): Fault {
    let code = FaultCode.CardAbsent
    let text = "no SD card, or it does not answer: put one in"
    if (r1 < R1.None) {
        // A card that was pulled and reinserted is idle again and has lost its state.
        text = "the SD card was changed"
        if ((r1 & R1.Idle) === 0) {
            code = r1 & R1.CommandCrcError ? FaultCode.CardCrc : FaultCode.CardRefused
            text = `the card refused command ${index} with ${r1}`
        }
    } else if (r1 !== 0xff) text = "the SD card's answers are out of step: pull it and put it back"
    return new Fault(code, text, index)
}

export function unsupported(text: string, evidence: number): Fault {
    return new Fault(FaultCode.CardUnsupported, text + ": use another", evidence)
}

export function timeoutFault(text: string, evidence: number): Fault {
    return new Fault(FaultCode.CardTimeout, text + ": pull it and put it back", evidence)
}

export function writeProtectedFault(block: number): Fault {
    const text = "the SD card is write-protected: unlock it or use another"
    return new Fault(FaultCode.CardWriteProtected, text, block)
}
