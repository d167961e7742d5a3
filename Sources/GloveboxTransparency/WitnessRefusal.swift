/// Why a witness does not cosign, as the protocol tells it.
///
/// Source: C2SP tlog-witness; transparency-log specification, section 11.
package enum WitnessRefusal: Error, Sendable, Hashable {
    /// The request is not of the protocol's form, or its old size is above the new one.
    case malformed(String)
    /// No key that is trusted for the origin signed, or such a key's line is wrong.
    case untrusted
    /// The witness does not watch this log.
    case unknownOrigin
    /// The old size is not the size the witness has on record.
    case conflict(recorded: UInt64)
    /// The checkpoint does not follow from the one on record.
    case inconsistent(String)

    /// The HTTP status.
    package var status: Int {
        switch self {
        case .malformed: 400
        case .untrusted: 403
        case .unknownOrigin: 404
        case .conflict: 409
        case .inconsistent: 422
        }
    }
}
