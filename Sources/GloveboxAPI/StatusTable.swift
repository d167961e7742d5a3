/// Error codes and their HTTP status.
///
/// Source: job-backend sections 3.6 and 4.3.
package enum StatusTable {
    private static let exact: [String: Int] = [
        "request.invalid": 400, "path.invalid": 400, "url.scheme": 400, "image.unknown": 400, "dataset.unknown": 400,
        "policy.unknown": 400, "plan.unknown": 400, "limit.exceeded": 400, "input.too-large": 413, "input.missing": 400,
        "auth.missing": 401, "auth.forbidden": 403, "object.not-found": 404, "request.method": 405,
        "request.media-type": 415, "object.conflict": 409, "job.phase": 409, "plan.digest-mismatch": 409,
        "project.unknown": 400, "project.dataset": 403, "project.purpose": 403, "project.expired": 409,
        "quorum.closed": 409, "project.closed": 409, "site.paused": 409, "idempotency.running": 409,
        "approval.separation": 403, "approval.signature": 422, "approval.expired": 422, "approval.withdrawn": 409,
        "review.changed": 409, "review.interrupted": 409, "override.none": 409, "lineage.changed": 409,
        "lineage.alone": 409, "lineage.several": 409,
        "key.revoked": 403, "key.unknown": 403, "precondition.failed": 412, "upload.too-large": 413,
        "upload.rejected": 422, "digest.mismatch": 422, "idempotency.reused": 422, "policy.error": 422,
        "budget.exhausted": 403, "quota.exceeded": 429, "rate.limited": 429, "request.timeout": 408,
        "log.unavailable": 503, "log.full": 503,
        "log.quorum": 503,
        "storage.full": 507, "s3.unreachable": 503, "node.unavailable": 503, "node.authority": 409, "internal": 500,
    ]

    private static let families: [(prefix: String, status: Int)] = [
        ("json.", 400), ("schema.", 400), ("base64.", 400), ("request.", 400), ("yaml.", 422), ("policy.", 422),
        ("document.", 422), ("processing.", 422), ("input-policy.", 422),
        ("dataset.", 422), ("code.", 422), ("env.", 422), ("image.", 422), ("envelope.", 422), ("statement.", 422),
        ("approval.", 422), ("plan.", 422), ("key.", 422), ("upload.", 422), ("manifest.", 422), ("spec.", 422),
        ("auth.", 403), ("nonce.", 422), ("output.", 422), ("nar.", 422), ("redaction.", 422), ("workflow.", 422),
        ("backup.", 422), ("webhook.", 422), ("s3.", 422), ("node.", 422),
    ]

    /// Whether the code may be told to callers.
    ///
    /// All others are faults of the site and go out as `internal`.
    package static func isKnown(_ code: String) -> Bool { find(code) != nil }

    /// The status for a code; 500 for one that is not in the table.
    package static func status(of code: String) -> Int { find(code) ?? 500 }

    /// A title for a status.
    package static func title(of status: Int) -> String {
        switch status {
        case 400: "Bad request"
        case 401: "Not logged in"
        case 403: "Not allowed"
        case 404: "Not found"
        case 405: "Method not allowed"
        case 408: "Too slow"
        case 409: "Conflict"
        case 412: "Precondition failed"
        case 413: "Too large"
        case 415: "Wrong media type"
        case 422: "Refused"
        case 429: "Too many requests"
        case 503: "Not available now"
        case 507: "Storage is full"
        default: "Internal error"
        }
    }

    private static func find(_ code: String) -> Int? {
        exact[code] ?? families.first { code.utf8.starts(with: $0.prefix.utf8) }?.status
    }
}
