internal import GloveboxCore

/// The nonces that are out, and those that were used a short time ago.
struct NonceRegister {
    /// Nanoseconds for which a nonce may be used.
    static let lifetime: UInt64 = 300_000_000_000
    /// Nonces out at one time; a supervisor uses one a job.
    private static let capacity = 1024

    private var issued: [[UInt8]: UInt64] = [:]
    private var used: [[UInt8]: UInt64] = [:]

    /// A fresh nonce of 32 bytes.
    ///
    /// - Throws: `kbs.nonce` when too many are out.
    mutating func issue(at now: UInt64) throws(GloveboxError) -> [UInt8] {
        forget(now)
        guard issued.count < Self.capacity else {
            throw GloveboxError("kbs.nonce", "too many nonces are out; each is good for five minutes")
        }
        let nonce = Random.bytes(32)
        issued[nonce] = now
        return nonce
    }

    /// Uses up a nonce, whatever becomes of its request.
    ///
    /// - Throws: `kbs.replay` for a used one, `kbs.nonce` for one that was never given out or is too old.
    mutating func take(_ nonce: [UInt8], at now: UInt64) throws(GloveboxError) {
        forget(now)
        guard issued.removeValue(forKey: nonce) != nil else {
            throw used[nonce] == nil
                ? GloveboxError("kbs.nonce", "the nonce is not one that this broker gave out in the last five minutes")
                : GloveboxError("kbs.replay", "the nonce was used before")
        }
        used[nonce] = now
    }

    private mutating func forget(_ now: UInt64) {
        issued = issued.filter { now - min(now, $0.value) <= Self.lifetime }
        used = used.filter { now - min(now, $0.value) <= Self.lifetime }
    }
}
