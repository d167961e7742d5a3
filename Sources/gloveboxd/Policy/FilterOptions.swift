import ArgumentParser
import GloveboxCore
import GloveboxSupervisor

/// The documents of a job: policy, schema, input policy.
struct FilterOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Output policy: a file, or the name of a shipped one.", valueName: "NAME|FILE"))
    var policy: String

    @Option(help: ArgumentHelp("Columns, bounds, codes, privacy unit.", valueName: "FILE"))
    var schema: String

    @Option(help: ArgumentHelp("What a job may see of the dataset.", valueName: "FILE"))
    var inputPolicy: String

    /// The policy's document.
    func policyDocument() throws(GloveboxError) -> JSONValue {
        if let shipped = try ShippedPolicies.named(policy) { return shipped }
        return try DocumentFile(policy).value
    }

    /// The rehearsal of a program over blocks; nil for a policy of another kind.
    func program() throws(GloveboxError) -> ProgramRehearsal? {
        try ProgramRehearsal(
            policy: policyDocument(),
            schema: DocumentFile(schema).value,
            inputPolicy: DocumentFile(inputPolicy).value
        )
    }

    /// The filter with a spec.
    func filter(spec: [UInt8]) throws(GloveboxError) -> ReleaseFilter {
        try ReleaseFilter(
            policy: policyDocument(),
            schema: DocumentFile(schema).value,
            inputPolicy: DocumentFile(inputPolicy).value,
            spec: spec
        )
    }
}
