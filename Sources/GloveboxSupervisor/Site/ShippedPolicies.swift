package import GloveboxCore
internal import GloveboxDisclosure
internal import GloveboxDocuments
internal import GloveboxPolicy

/// The policies of `Policies/`, built into the program.
package enum ShippedPolicies {
    /// All of them, as canonical values.
    package static func documents(withDemo: Bool = false) throws(GloveboxError) -> [JSONValue] {
        var files = [PackageResources.processing_default_yaml, PackageResources.aggregate_table_yaml]
        // As `aggregate-table`, with a tick of one second.
        if withDemo { files.append(PackageResources.demo_table_yaml) }
        var documents: [JSONValue] = []
        for file in files { documents.append(try StrictYAML.read(file)) }
        return documents
    }
}

extension Site {
    /// What this version enforces.
    ///
    /// A policy that asks for more is refused, never half kept.
    static let capabilities: Set<Capability> = ReleaseGate.capabilities.union([
        "channel.exit_code", "channel.logs", "channel.release_tick", "channel.pad", "channel.max_runs_per_day",
    ])
}
