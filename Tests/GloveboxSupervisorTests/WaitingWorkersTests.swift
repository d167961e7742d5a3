import Glibc
import GloveboxCore
import GloveboxLinux
import Testing

@testable import GloveboxSupervisor

struct WaitingWorkersTests {
    /// A worker of this very process, which has come for a job, and its end of the socket.
    private func worker(for job: String) throws -> (WorkerLink, Descriptor) {
        var ends: [Int32] = [0, 0]
        try #require(unsafe socketpair(AF_UNIX, Int32(SOCK_SEQPACKET.rawValue), 0, &ends) == 0)
        let (near, far) = (Descriptor(owning: ends[0]), Descriptor(owning: ends[1]))
        try PacketSocket(far).send(WorkerMessage.offer(task: job).bytes)
        return (WorkerLink(try WorkerLink.visit(near), task: job, host: try .read()), far)
    }

    @Test func `a worker is sent away by someone who looks at all workers meanwhile`() throws {
        let workers = WaitingWorkers()
        let (first, end) = try worker(for: "job_1")
        let (second, other) = try worker(for: "job_2")
        try workers.keep(first, if: nil)
        try workers.keep(second, if: nil)
        workers.sift { worker in
            #expect(workers.jobs.contains(worker.task))
            return worker.task == "job_1" ? GloveboxError("job.phase", "it does not wait") : nil
        }
        #expect(workers.jobs == ["job_2"])
        let told = try #require(try PacketSocket(end).receive())
        guard case .fault(let why) = try WorkerMessage(told.message) else { throw GloveboxError("test", "no word") }
        #expect(why.code == "job.phase")
        withExtendedLifetime(other) {}
    }
}
