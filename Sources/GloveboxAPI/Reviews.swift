package import GloveboxCore
internal import GloveboxJobs

/// `POST /jobs/{id}/release/votes`: that a verdict counts.
///
/// It says nothing of other votes.
package struct ReviewReceipt: APIValue {
    /// SHA-256 of the signed payload.
    package let verdict: Digest
    /// Where the log has it.
    package let logIndex: UInt64

    /// Names a verdict.
    package init(verdict: Digest, logIndex: UInt64) { (self.verdict, self.logIndex) = (verdict, logIndex) }

    package init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "review")
        verdict = try fields.digest("verdict")
        logIndex = UInt64(try fields.count("logIndex"))
        try fields.finish()
    }

    package var json: JSONValue { ["verdict": verdict.json, "logIndex": .integer(Int64(clamping: logIndex))] }
}
