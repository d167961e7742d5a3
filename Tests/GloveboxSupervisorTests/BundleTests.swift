import Glibc
import GloveboxAPI
import GloveboxAttestation
import GloveboxCore
import GloveboxJail
import GloveboxJobs
import GloveboxLink
import GloveboxLinux
import GloveboxTransparency
import TestSupport
import Testing

@testable import GloveboxSupervisor

/// Nodes without a route to the site.
extension RemoteWorkerTests {
    @Test func `a node without a route takes a bundle to a verified release, once`() throws {
        let site = try NodeSite()
        let job = try site.task(["cat in in > b; echo said; mkdir empty"])
        #expect(try site.test.wait(for: job) { $0.job.phase == .queued }.job.phase == .queued)
        let (node, other) = (try site.node("node-1"), try site.node("node-2"))
        let folder = try TestPrograms.scratch()
        let (bundle, result) = (folder + "/bundle", folder + "/result")
        let courier = BundleCourier(site.test.layout, task: job)
        #expect(throws: GloveboxError("worker.result", "")) {
            try StateFile.write([1], to: folder + "/none")
            try courier.handIn(folder + "/none")
        }
        try courier.write(for: "node-1", to: bundle)
        #expect(try FileStatus.of(bundle).permissions == 0o600)
        #expect(try site.test.entry(job).job.phase == .staging)
        #expect(throws: (any Error).self) { try courier.write(for: "node-1", to: folder + "/again") }
        let foreign = try site.carry(bundle, of: job, to: other, result)
        #expect(foreign.status == 1 && foreign.text.contains("worker.order"), "\(foreign)")
        let bytes = try Descriptor.open(bundle, O_RDONLY).readAll(limit: 512 << 20)
        try StateFile.write(Array(bytes.dropLast(40)), to: folder + "/cut")
        #expect(try site.carry(folder + "/cut", of: job, to: site.node("node-3"), result).status == 1)
        let run = try site.carry(bundle, of: job, to: node, result)
        #expect(run.status == 0 && run.text.isEmpty, "\(run)")
        let again = try site.carry(bundle, of: job, to: node, folder + "/second")
        #expect(again.status == 1 && again.text.contains("carried out before"), "\(again)")
        // Whatever a carrier changes, nothing of it is taken, and the job waits on.
        let good = try Descriptor.open(result, O_RDONLY).readAll(limit: 16 << 20)
        func place(of text: String) throws -> Int {
            try #require(good.indices.first { good[$0...].starts(with: Array(text.utf8)) })
        }
        var changed: [[UInt8]] = []
        // A file, and what the program said, which no statement of the node has.
        for at in [try place(of: "given\n"), try place(of: "said\n")] {
            changed.append(good)
            changed[changed.count - 1][at] ^= 0x20
        }
        for spoilt in [[], Array(good.dropLast()), good + [1], Array(good.dropFirst())] + changed {
            try StateFile.write(spoilt, to: folder + "/spoilt")
            #expect(throws: (any Error).self) { try courier.handIn(folder + "/spoilt") }
            #expect(try site.test.entry(job).job.phase == .staging)
        }
        try courier.handIn(result)
        let entry = try site.ended(job)
        #expect(entry.job.phase == .released, "\(entry.explanation ?? "") \(entry.job.reasons)")
        #expect(throws: GloveboxError("worker.result", "")) { try courier.handIn(result) }
        let files = try site.test.evidenceFiles(job).files
        #expect(files.first { $0.path.hasSuffix("-b") }?.content == Array("given\ngiven\n".utf8))
        #expect(try site.test.report(job).node == "node-1")
        let verdict = try site.verdict(job)
        #expect(verdict.checks.contains { $0.id == "node.statements" && $0.status == .passed }, "\(verdict)")
        #expect(!verdict.checks.contains { $0.status == .failed }, "\(verdict.story)")
        #expect(try site.test.findings().isEmpty)
    }

    @Test func `no bundle is written for what cannot run so, and a bundle's job can be cancelled`() throws {
        let site = try NodeSite()
        _ = try site.node("node-1")
        let place = try TestPrograms.scratch()
        func refuses(_ code: String, _ job: String, node: String = "node-1") throws {
            #expect(try site.test.wait(for: job) { $0.job.phase == .queued }.job.phase == .queued)
            #expect(throws: GloveboxError(code, "")) {
                try BundleCourier(site.test.layout, task: job).write(for: node, to: place + "/bundle")
            }
            #expect(unsafe access(place + "/bundle", F_OK) != 0)
            #expect(try site.test.entry(job).job.phase == .queued)
        }
        let job = try site.task(["cat in > b"])
        try refuses("object.not-found", job, node: "node-9")
        try refuses("worker.bundle", site.task(["true", "cat in > b"]))
        try refuses("worker.bundle", site.task(["cat > b"], stdin: "/task/in"))
        try refuses("worker.isolation", site.task(["cat in > b"], isolation: "full"))
        _ = try site.test.site.drainNode(NodeSite.boss, name: "node-1", reason: "repair")
        try refuses("node.draining", job)
        _ = try site.test.site.resumeNode(NodeSite.boss, name: "node-1", reason: "done")
        try BundleCourier(site.test.layout, task: job).write(for: "node-1", to: place + "/bundle")
        try site.test.cancel(job)
        #expect(try site.ended(job).job.phase == .cancelled)
        #expect(throws: GloveboxError("worker.result", "")) {
            try BundleCourier(site.test.layout, task: job).handIn(place + "/bundle")
        }
    }
}
