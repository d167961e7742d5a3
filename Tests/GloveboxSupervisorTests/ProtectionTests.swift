import Glibc
import GloveboxAPI
import GloveboxAttestation
import GloveboxCore
import GloveboxJail
import GloveboxJobs
import GloveboxLinux
import GloveboxPolicy
import GloveboxStore
import GloveboxTransparency
import TestSupport
import Testing

@testable import GloveboxSupervisor

/// What a processing policy demands of the host that a job runs on.
@Suite(.serialized) struct ProtectionTests {
    private static let image = TestPrograms.image("python")
    private static let hasData = TestPrograms.variable("GLOVEBOX_FAIR_CSV") != nil

    private func demand(_ protections: String, of test: TestSite) throws {
        let text = """
            apiVersion: glovebox/v1
            kind: ProcessingPolicy
            metadata: {name: demanding, version: 1}
            protections: [\(protections)]
            """
        _ = try test.site.addPolicy(TestSite.owner, AddPolicyRequest(document: text))
    }

    @Test func `every protection that a policy can demand is one that a jail tells of`() throws {
        var specification = JailSpecification(
            root: .directory("/"),
            arguments: ["true"],
            profile: try ShippedProfiles.named("default")
        )
        specification.isolatedCache = true
        let told = try JailRun(launcher: TestPrograms.path("glovebox-jail")).run(specification).protections
        for protection in Protection.allCases {
            let name = protection.rawValue
            #expect(told.holds(name) || told.weaker.contains { $0.name == name }, "\(name)")
        }
    }

    @Test func `full isolation is every protection but the profile's own and the one that is asked for`() throws {
        let left: [Protection] = [.hostCounters, .privatePageCache]
        #expect(JailProtections.full == Protection.allCases.filter { !left.contains($0) }.map(\.rawValue).sorted())
        #expect(Manifest.Isolation.ofProfile == [Protection.hostCounters.rawValue])
        var told = try JailRun(launcher: TestPrograms.path("glovebox-jail")).protections(of: JobJail.probe())
        let more = told.weaker.map(\.name).filter { !Manifest.Isolation.ofProfile.contains($0) }
        #expect(more.allSatisfy(told.fallbacks(isBuilt: true).contains), "\(more)")
        told.inForce = JailProtections.full.filter { $0 != "control-groups" } + ["control-groups-v2"]
        #expect(told.fallbacks(isBuilt: true).isEmpty)
        try JobJail.requireIsolation(.full, of: told)
        for name in JailProtections.full where name != "own-inodes" {
            var weak = told
            weak.inForce.removeAll { $0 == name || name == "control-groups" && $0.hasPrefix(name) }
            #expect(weak.fallbacks(isBuilt: false) == [name])
            #expect(throws: GloveboxError("plan.isolation", "")) { try JobJail.requireIsolation(.full, of: weak) }
            try JobJail.requireIsolation(nil, of: weak)
        }
    }

    @Test func `a jail that lacks what is demanded is refused before anything is staged`() throws {
        var specification = JailSpecification(
            root: .directory("/"),
            arguments: ["true"],
            profile: try ShippedProfiles.named("default")
        )
        specification.staged = [.init(path: "/data/x", bytes: 4096, inodes: 4)]
        var hooks = JailRun.Hooks()
        hooks.stage = { (_: [Descriptor], _: FileIdentity) throws(GloveboxError) in
            throw GloveboxError("test.staged", "too late")
        }
        let runner = JailRun(launcher: TestPrograms.path("glovebox-jail"))
        for names in [["host-counters"], ["seccomp", "magic"]] {
            specification.required = names
            #expect(throws: GloveboxError("jail.protection", "")) { try runner.run(specification, hooks: hooks) }
            #expect(throws: GloveboxError("jail.protection", "")) { try runner.checkProtections(of: specification) }
        }
        specification.required = ["seccomp", "network-namespace", "own-inodes"]
        try runner.checkProtections(of: specification)
        specification.staged = []
        #expect(try runner.run(specification).end == .exited(0))
    }

    @Test(.enabled(if: hasData && image != nil, "needs GLOVEBOX_FAIR_CSV and the image python"))
    func `a job does not start where the host lacks what the policy demands, and its data's key stays`() throws {
        let test = try TestSite(image: Self.image)
        try test.site.begin()
        try demand("seccomp, host-counters", of: test)
        let job = try test.submit("print(1)")
        try test.vote(.approve, on: job)
        try test.start()
        let entry = try test.wait(for: job) { $0.job.phase.isTerminal && $0.job.cleanup == .done }
        #expect(entry.job.phase == .errored, "\(entry.job.phase)")
        #expect(entry.explanation?.contains("host-counters") == true, "\(entry.explanation ?? "")")
        var kinds: Set<String> = []
        try test.site.log.replay { (entry: LoggedEntry) throws(GloveboxError) in
            guard case .event(let event) = entry.kind else { return }
            if let name = event["unmapped"]?["glovebox"]?["event"]?.string { kinds.insert(name) }
        }
        #expect(kinds.contains("job.starting") && !kinds.contains("key.released") && !kinds.contains("job.started"))
    }

    @Test(
        .enabled(if: hasData && image != nil, "needs GLOVEBOX_FAIR_CSV and the image python"),
        .enabled(if: geteuid() == 0, "an image is mounted by root alone")
    )
    func `a page cache of a job's own is a policy's to demand`() throws {
        let test = try TestSite(image: Self.image)
        #expect(try !JobJail(site: test.site, entry: test.entry(test.submit("pass"))).specification.isolatedCache)
        try demand("private-page-cache", of: test)
        let jail = try JobJail(site: test.site, entry: test.entry(test.submit("pass"))).specification
        #expect(jail.isolatedCache && jail.required == ["private-page-cache"])
        var specification = jail
        specification.staged = []
        specification.outputAlias = nil
        specification.directory = "/"
        specification.arguments = ["python3", "-c", "pass"]
        let result = try JailRun(launcher: TestPrograms.path("glovebox-jail")).run(specification)
        #expect(result.end == .exited(0) && result.protections.holds("private-page-cache"))
        #expect(!result.protections.openChannels.contains("page-cache"))
    }
}
