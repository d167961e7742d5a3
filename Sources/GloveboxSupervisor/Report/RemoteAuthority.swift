internal import Glibc
internal import GloveboxAPI
internal import GloveboxAttestation
internal import GloveboxCore
internal import Synchronization

/// Another operator's RFC 3161 authority, which the settings name, asked over HTTP.
///
/// An answer counts when everything holds that a reader of the report will check, and when it is to this very question.
final class RemoteAuthority: Sendable {
    /// Far more than a stamp without certificates has.
    private static let mostBytes = 1 << 16
    /// The longest pause between two questions that brought no stamp.
    private static let longestPause: UInt32 = 60

    private let settings: StampingSettings
    private let trouble = Mutex<GloveboxError?>(nil)

    init(_ settings: StampingSettings) { self.settings = settings }

    /// Why the last question brought no stamp; nil when it did.
    var problem: GloveboxError? { trouble.withLock { $0 } }

    /// Stamps the signature of a leaf; gives a granted TimeStampResp, DER.
    ///
    /// - Throws: `timestamp.unavailable`, `timestamp.invalid`, `timestamp.outside-cert`.
    func stamp(_ signature: [UInt8], leaf: [UInt8]) throws(GloveboxError) -> [UInt8] {
        do throws(GloveboxError) {
            let query = try TimestampQuery(over: signature, policy: settings.policy)
            let answer = try ask(query.bytes)
            try query.check(answer, by: settings.chain, leaf: leaf)
            trouble.withLock { $0 = nil }
            return answer
        } catch {
            trouble.withLock { $0 = error }
            throw error
        }
    }

    /// Signs and has stamped, again and again until there is a stamp: without one nothing leaves.
    ///
    /// Each time there is another leaf, since the one before may have come to its end.
    ///
    /// - Throws: what signing throws.
    func stamped(
        _ sign: () throws(GloveboxError) -> (signature: [UInt8], leaf: [UInt8])
    ) throws(GloveboxError) -> [UInt8] {
        var pause: UInt32 = 1
        while true {
            let signed = try sign()
            do throws(GloveboxError) { return try stamp(signed.signature, leaf: signed.leaf) } catch {
                _ = sleep(pause)
                pause = min(2 * pause, Self.longestPause)
            }
        }
    }

    /// Waits for the answer; never called on a thread that tasks share.
    private func ask(_ query: [UInt8]) throws(GloveboxError) -> [UInt8] {
        let settings = settings
        do throws(GloveboxError) {
            return try Blocking.wait { () throws(GloveboxError) in try await Self.post(query, settings) }
        } catch {
            throw GloveboxError(
                "timestamp.unavailable",
                "the time-stamping authority gives no answer: \(error.message)",
                hint: error.hint
            )
        }
    }

    private static func post(
        _ query: [UInt8],
        _ settings: StampingSettings
    ) async throws(GloveboxError) -> [UInt8] {
        let authority = try PublicFiles(settings.url, seconds: settings.seconds)
        do throws(GloveboxError) {
            let answer = try await authority.post(query, type: "application/timestamp-query", limit: mostBytes)
            await authority.close()
            return answer
        } catch {
            await authority.close()
            throw error
        }
    }
}
