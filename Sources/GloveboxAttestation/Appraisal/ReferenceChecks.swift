internal import GloveboxCore

/// Holds a start statement against signed reference values: a list that is missing refuses, as an unknown value does.
struct ReferenceChecks {
    let report: Report
    let reference: ReferenceValues
    /// The output policy that is expected, and the site's policy that it was merged from, which stands for it.
    let outputPolicy: (merged: Digest, base: Digest)

    /// `reference.missing` for each empty list, `reference.mismatch` for each value that its list does not have.
    var causes: [GloveboxError] {
        let attester = report.attester
        let output = report.policies.output.digest
        let policies = [report.policies.processing?.digest, output == outputPolicy.merged ? outputPolicy.base : nil]
        let claims: [(what: String, known: [Digest], found: [Digest?])] = [
            ("file mapped by the supervisor", reference.mapped, attester.mapped.map(\.digest)),
            ("image", reference.images, [report.rootfs.digest]),
            ("jail profile", reference.profiles, [report.jail.policy]),
            (
                "seccomp filter", reference.seccompBPF,
                report.jail.seccompBPF.isEmpty ? [nil] : report.jail.seccompBPF.map(\.digest)
            ),
            ("kernel", reference.kernels, [Hashing.sha256(Array(attester.kernel.version.utf8))]),
            ("policy", reference.policies, policies),
        ]
        return claims.flatMap { claim -> [GloveboxError] in
            if claim.known.isEmpty {
                return [GloveboxError("reference.missing", "the trust policy lists no \(claim.what)")]
            }
            return claim.found.filter { found in !(found.map(claim.known.contains) ?? false) }.map { _ in
                GloveboxError("reference.mismatch", "a \(claim.what) is not among the reference values")
            }
        }
    }
}
