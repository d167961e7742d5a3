package import GloveboxCore
internal import GloveboxJobs

/// What an owner signs so that a job's evidence shows who did what: bytes made by the site, or their signed envelopes.
///
/// Body and answer of `GET /workflow` and `POST /workflow`.
package struct Workflow: APIValue {
    /// The in-toto layout, or its envelope.
    package let layout: [UInt8]
    /// The link of the owner's own step, or its envelope.
    package let onboard: [UInt8]

    /// Pairs layout and link.
    package init(layout: [UInt8], onboard: [UInt8]) {
        self.layout = layout
        self.onboard = onboard
    }

    package init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "workflow")
        self.layout = try fields.base64("layout")
        self.onboard = try fields.base64("onboard")
        try fields.finish()
    }

    package var json: JSONValue {
        ["layout": .string(Base64.encode(layout)), "onboard": .string(Base64.encode(onboard))]
    }
}
