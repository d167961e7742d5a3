package import GloveboxCore

/// The steps from the owner's word to a release, each done by one who may do nothing else.
///
/// Source: attestation specification, section 10.
package enum WorkflowStep: String, Sendable, CaseIterable {
    /// The owner puts up data and policies.
    case onboard
    /// The researcher hands in code.
    case submit
    /// Reviewers read that code and those policies.
    case review
    /// The supervisor runs it.
    case run
    /// The supervisor lets results go.
    case release
}

/// An in-toto link: what one step took and what it made.
///
/// Links of people follow from the plan alone, so that they are made and signed on their own machines.
package enum WorkflowLink {
    /// The link of the owner's step.
    package static func onboard(_ artifacts: WorkflowArtifacts) -> [UInt8] {
        bytes(.onboard, materials: WorkflowArtifacts(), products: artifacts)
    }

    /// What the researcher signs when the plan is handed in.
    package static func submit(_ manifest: Manifest) -> [UInt8] {
        bytes(.submit, materials: WorkflowArtifacts(), products: .code(manifest))
    }

    /// What a reviewer signs with the approval: the code and the policies that were read.
    package static func review(_ manifest: Manifest) -> [UInt8] {
        let read = WorkflowArtifacts.code(manifest) + .policies(manifest)
        return bytes(.review, materials: read, products: read)
    }

    /// The run of a plan and what it left: files that were released, and commitments to those that were not.
    package static func run(_ manifest: Manifest, _ outputs: Report.Outputs) -> [UInt8] {
        let taken = WorkflowArtifacts.code(manifest) + .data(manifest) + .policies(manifest)
        var left = WorkflowArtifacts()
        for file in outputs.released { left.add(file.name, file.digest) }
        for (index, file) in outputs.withheld.enumerated() { left.add(withheld: file, index: index + 1) }
        return bytes(.run, materials: taken, products: left)
    }

    /// The release: outputs of the run, and the same files under the names that the receiver sees.
    package static func release(_ manifest: Manifest, _ outputs: Report.Outputs) -> [UInt8] {
        var taken = WorkflowArtifacts()
        var files = WorkflowArtifacts()
        for file in outputs.released {
            taken.add(file.name, file.digest)
            files.add(file.receivedName, file.digest)
        }
        return bytes(.release, materials: taken + .policies(manifest), products: files)
    }

    private static func bytes(
        _ step: WorkflowStep,
        materials: WorkflowArtifacts,
        products: WorkflowArtifacts
    ) -> [UInt8] {
        CanonicalJSON.encode([
            "_type": "link", "name": .string(step.rawValue), "command": [], "environment": [:], "byproducts": [:],
            "materials": materials.json, "products": products.json,
        ])
    }

    /// Opens a link that must be exactly those bytes under exactly that key.
    ///
    /// - Throws: codes of ``Envelope``; `workflow.link`.
    package static func check(
        _ file: [UInt8],
        is expected: [UInt8],
        by key: PersonKey
    ) throws(GloveboxError) -> Envelope {
        let envelope = try Envelope(parsing: file)
        guard envelope.payload == expected, key.isSigner(of: envelope) else {
            throw GloveboxError(
                "workflow.link",
                "the workflow link is not of this plan, or not signed by the key it came with",
                hint: "Use a client of the site's version."
            )
        }
        return envelope
    }
}
