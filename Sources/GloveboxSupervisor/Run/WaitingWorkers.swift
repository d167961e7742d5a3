internal import GloveboxCore
internal import Synchronization

/// The workers that have come for a job that has not started: one for each job.
final class WaitingWorkers: Sendable {
    private let workers = Mutex<[String: any Worker]>([:])

    /// What a second worker for a job is told.
    static func taken(_ job: String) -> GloveboxError {
        GloveboxError(
            "worker.taken",
            "another worker has come for \(job)",
            hint: "A job has one worker at a time; look at what started this one twice."
        )
    }

    /// The jobs whose workers are there.
    var jobs: Set<String> { workers.withLock { Set($0.filter { !$0.value.isGone }.keys) } }

    /// Keeps one.
    ///
    /// - Throws: `refusal`, and `worker.taken` when its job has another that is still there.
    func keep(_ worker: any Worker, if refusal: GloveboxError?) throws(GloveboxError) {
        if let refusal { throw refusal }
        try workers.withLock { workers throws(GloveboxError) in
            if let other = workers[worker.task], !other.isGone { throw Self.taken(worker.task) }
            workers[worker.task] = worker
        }
    }

    /// Hands out a job's worker, once.
    func remove(_ job: String) -> (any Worker)? { workers.withLock { $0.removeValue(forKey: job) } }

    /// Forgets those that are gone, and sends those away that have nothing to wait for any more.
    ///
    /// Who decides that may hold other locks, so no lock is held while they are asked.
    func sift(_ refusal: (any Worker) -> GloveboxError?) {
        for worker in workers.withLock({ Array($0.values) }) {
            let why = refusal(worker)
            guard why != nil || worker.isGone else { continue }
            if let why { worker.refuse(why) }
            workers.withLock { if $0[worker.task]?.mark == worker.mark { $0[worker.task] = nil } }
        }
    }
}
