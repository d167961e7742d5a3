internal import GloveboxAttestation
internal import GloveboxCore
internal import GloveboxPolicy

/// The merged policies that a plan was approved under, and the documents they were merged from.
struct PlanRules: Sendable {
    /// What may leave.
    let output: OutputPolicy
    /// What the job may see; nil for a plan without a dataset.
    let input: InputPolicy?
    /// Where each limit of ``output`` comes from.
    let outputChain: PolicyChain
    /// Where each limit of ``input`` comes from.
    let inputChain: PolicyChain?
    /// The input policy of each dataset by itself; of two that are joined, ``input`` is about both.
    let views: [PolicyChain]

    /// Reads what holds under the chains.
    ///
    /// - Throws: `document.*`, `policy.invalid`.
    init(output: PolicyChain, input: PolicyChain?, views: [PolicyChain] = []) throws(GloveboxError) {
        (outputChain, inputChain) = (output, input)
        self.views = views.isEmpty ? input.map { [$0] } ?? [] : views
        self.output = try OutputPolicy(output.document.canonical)
        self.input = try input.map { (chain) throws(GloveboxError) in try InputPolicy(chain.document.canonical) }
    }

    /// Reads rules that stand in the journal.
    init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "rules")
        var views: [PolicyChain] = []
        for view in fields.optional("views")?.array ?? [] { views.append(try PolicyChain(json: view)) }
        try self.init(
            output: PolicyChain(json: fields.required("output")),
            input: fields.optional("input").map { (json) throws(GloveboxError) in try PolicyChain(json: json) },
            views: views
        )
        try fields.finish()
    }

    /// The journal's form.
    var json: JSONValue {
        var object = JSONObject([("output", outputChain.json)])
        object["input"] = inputChain?.json
        if views.count > 1 { object["views"] = .array(views.map(\.json)) }
        return .object(object)
    }

    /// The name of the site's output policy that the others tighten.
    var base: String { outputChain.layers.first?.name ?? "" }

    /// The documents of the run itself.
    var ofRun: [PolicyChain.Layer] {
        (outputChain.layers + views.flatMap(\.layers)).filter { $0.level == .run }
    }
}

/// A plan that waits to be submitted.
struct PlanDraft: Sendable {
    let manifest: Manifest
    let rules: PlanRules
}
