package import GloveboxCore

/// What a witness's answer means to the log that asked.
///
/// Nothing in it is believed that the witness has not signed.
///
/// Source: C2SP tlog-witness; transparency-log specification, section 11.
package enum WitnessReply: Sendable {
    /// The witness's line under the checkpoint, verified.
    case cosigned(SignedNote.Signature)
    /// The witness has another size on record than the one sent.
    case recorded(UInt64)
    /// The witness says that the checkpoint does not follow from what it has on record.
    case inconsistent
    /// The witness's line is there and does not fit the checkpoint.
    case disagreed
    /// Anything else, with the status.
    case useless(Int)

    /// Reads the answer to a checkpoint's text.
    package init(status: Int, body: [UInt8], text: [UInt8], witness key: NoteKey, now: Instant) {
        switch status {
        case 200: self = Self.signature(body, text, key, now)
        case 409:
            let size = body.last == UInt8(ascii: "\n") ? Decimal.read(body.dropLast()) : nil
            self = size.map(Self.recorded) ?? .useless(status)
        case 422: self = .inconsistent
        default: self = .useless(status)
        }
    }

    private static func signature(_ body: [UInt8], _ text: [UInt8], _ key: NoteKey, _ now: Instant) -> WitnessReply {
        let line: SignedNote.Signature?
        do throws(GloveboxError) {
            line = try SignedNote(parsing: text + [UInt8(ascii: "\n")] + body).line(of: key)
        } catch {
            return .useless(200)
        }
        guard let line else { return .useless(200) }
        do throws(GloveboxError) {
            _ = try Cosignature.verify(line, of: text, witness: key, now: now)
            return .cosigned(line)
        } catch {
            return .disagreed
        }
    }
}
