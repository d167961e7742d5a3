package import GloveboxCore
internal import GloveboxDisclosure
internal import GloveboxDocuments
package import GloveboxPolicy
internal import GloveboxPrivacy

/// The policies of `Policies/`, built into the program.
package enum ShippedPolicies {
    /// Those that a new site publishes.
    package static func documents(withDemo: Bool = false) throws(GloveboxError) -> [PolicyChain.Layer] {
        var files = [
            PackageResources.processing_default_yaml, PackageResources.aggregate_table_yaml,
            PackageResources.dp_query_yaml, PackageResources.no_private_data_yaml,
        ]
        // As `aggregate-table`, with a tick of one second.
        if withDemo { files.append(PackageResources.demo_table_yaml) }
        var documents: [PolicyChain.Layer] = []
        for file in files {
            let (value, lines) = try StrictYAML.readLocated(file)
            documents.append(PolicyChain.Layer(.site, value, lines: DocumentLines(lines)))
        }
        return documents
    }
}

extension ShippedPolicies {
    /// The policy of that name; nil when none is shipped under it.
    ///
    /// - Throws: `yaml.*` when a shipped file is damaged.
    package static func named(_ name: String) throws(GloveboxError) -> JSONValue? {
        let files = [
            PackageResources.aggregate_table_yaml, PackageResources.demo_table_yaml, PackageResources.dp_program_yaml,
            PackageResources.dp_query_yaml, PackageResources.figure_yaml, PackageResources.fl_update_yaml,
            PackageResources.ml_model_yaml, PackageResources.no_private_data_yaml,
            PackageResources.processing_default_yaml, PackageResources.synthetic_data_yaml,
        ]
        for file in files {
            let document = try StrictYAML.read(file)
            if document["metadata"]?["name"]?.string == name { return document }
        }
        return nil
    }
}

extension Site {
    /// What this version enforces for tables.
    ///
    /// A policy that asks for more is refused, never half kept.
    static let capabilities = ReleaseGate.capabilities.union(channels).union([
        "check.row_leak", "decision.otherwise.review",
    ])

    /// What this version enforces for noisy answers.
    static let queryCapabilities = DPQuery.capabilities.union(channels)

    /// What this version enforces for files that people look at.
    static let opaqueCapabilities = OpaqueGate.capabilities.union(channels)

    /// What this version enforces for programs over blocks.
    static let programCapabilities = BlockAggregate.capabilities.union(channels)

    /// What this version enforces for policies like this one.
    static func capabilities(for policy: OutputPolicy) -> Set<Capability> {
        switch policy.tier {
        case .computed:
            policy.privacy.blocks != nil
                ? programCapabilities : policy.isOfRounds ? roundCapabilities : queryCapabilities
        case .opaque: opaqueCapabilities
        case .verbatim: capabilities.union(["tier.verbatim"])
        case .recomputed: capabilities
        }
    }

    static let channels: Set<Capability> = [
        "channel.exit_code", "channel.logs", "channel.release_tick", "channel.pad", "channel.max_runs_per_day",
    ]
}
