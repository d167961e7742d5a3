import GloveboxCore
import SwiftASN1
import X509

@testable import GloveboxAttestation

extension Mutations {
    static let certificates: [Mutation] = [
        Mutation("cert.chain", "a leaf of another CA") { scenario in
            scenario.leaf.custom = { spec, _ in
                try spec.issue(under: Site().platform)
            }
        },
        Mutation("cert.chain", "a leaf with another issuer's key identifier") { scenario in
            scenario.leaf.custom = { spec, ca in
                try spec.issue(under: ca, keyIdentifier: [UInt8](repeating: 1, count: 20))
            }
        },
        .evidence("cert.chain", "another root beside the report") {
            if let site = try? Site() { $0["root.pem"] = site.root.pem }
        },
        Mutation("cert.time", "a leaf that was no longer valid") { $0.leaf.now = Scenario.start.adding(seconds: -700) },
        Mutation("cert.time", "a leaf that was not valid yet") { $0.leaf.now = Scenario.start.adding(seconds: 100) },
        Mutation("cert.time", "a leaf of a day") { scenario in
            scenario.leaf.custom = { spec, ca in try spec.issue(under: ca, seconds: 86_400) }
        },
        Mutation("cert.usage", "a leaf for encryption") { scenario in
            scenario.leaf.custom = { spec, ca in
                try spec.issue(under: ca, usage: KeyUsage(digitalSignature: true, keyAgreement: true))
            }
        },
        Mutation("cert.usage", "a leaf for servers") { scenario in
            scenario.leaf.custom = { spec, ca in try spec.issue(under: ca, extended: [.serverAuth]) }
        },
        Mutation("cert.ca-leaf", "a leaf that is a CA") { scenario in
            scenario.leaf.custom = { spec, ca in
                let constraints = BasicConstraints.isCertificateAuthority(maxPathLength: nil)
                return try spec.issue(under: ca, more: [Certificate.Extension(constraints, critical: true)])
            }
        },
        Mutation("cert.critical-extension", "an unknown critical extension") { scenario in
            scenario.leaf.custom = { spec, ca in
                let unknown = Certificate.Extension(oid: [1, 3, 9999, 1], critical: true, value: [5, 0])
                return try spec.issue(under: ca, more: [unknown])
            }
        },
        Mutation("cert.path-length", "a platform CA that may have CAs below it") { $0.platformPathLength = 1 },
        Mutation("cert.path-length", "a root that may have no CA below it") { $0.rootPathLength = 0 },
        Mutation("cert.identity", "a leaf for another attester") {
            $0.leaf.attester = "https://other.example/attester"
        },
        Mutation("cert.identity", "a leaf with two names") { scenario in
            scenario.leaf.custom = { spec, ca in
                let names = [GeneralName.uniformResourceIdentifier(Scenario.identity), .dnsName("x.example")]
                return try spec.issue(under: ca, names: names)
            }
        },
        Mutation("cert.identity", "a name that is not critical") { scenario in
            scenario.leaf.custom = { spec, ca in try spec.issue(under: ca, namesCritical: false) }
        },
        .report("cert.identity", "a report that names another attester") {
            $0.attester.identity = "https://other.example/"
        },
        .trust("cert.identity", "an attester that the trust policy does not know") { $0.attesters = [] },
        .trust("cert.scope", "a CA that may not vouch for the attester") {
            $0.attesters[0].caKeyIdentifier = [UInt8](repeating: 9, count: 20)
        },
        Mutation("cert.issuer", "a leaf with another issuer text") { $0.leaf.issuer = "https://other.example" },
        Mutation("cert.sct-missing", "a leaf without a time stamp") { $0.leaf.leaveTimestampOut = true },
        Mutation("cert.sct-invalid", "a time stamp by another key") { $0.leaf.timestampKey = SigningKey() },
        Mutation("cert.sct-invalid", "a time stamp made over another certificate") { scenario in
            scenario.leaf.custom = { spec, ca in
                let other = try ParsedCertificate(LeafSpec().issue(site: Site(), timestamps: true))
                let stamps = other.value(of: LeafExtension.timestamps) ?? []
                let member = Certificate.Extension(oid: LeafExtension.timestamps, critical: false, value: stamps[...])
                return try spec.issue(under: ca, more: [member])
            }
        },
    ]
}
