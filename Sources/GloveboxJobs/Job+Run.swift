internal import GloveboxCore

extension Job {
    /// The changes from a place in the queue to the end of a run.
    mutating func run(_ change: JobChange, at now: Instant) throws(GloveboxError) -> [JobAction] {
        switch (change, phase) {
        case (.dequeued(let executor, let node), .queued):
            runs.append(JobRun(number: runs.count + 1, executor: executor, node: node))
            enter(.staging, now, .runActive)
            return [.stage(run: runs.count)]
        case (.starting(let number, let nonce), .staging):
            guard number == runs.count, runs[number - 1].nonce == nil else { throw illegal(change) }
            runs[number - 1].nonce = nonce
            return []
        case (.staged(let measured), .staging):
            guard let run = lastRun, run.nonce != nil, run.measured == nil else { throw illegal(change) }
            runs[run.number - 1].measured = measured
            return [.launch(run: run.number)]
        case (.started, .staging):
            guard let run = lastRun, run.measured != nil else { throw illegal(change) }
            runs[run.number - 1].started = now
            enter(.running, now, .runActive)
            return []
        case (.ended(let exit), .running):
            guard let run = lastRun, run.exit == nil else { throw illegal(change) }
            runs[run.number - 1].close(exit, now)
            return exit.isSuccess ? [.collect(run: run.number)] : [.fail(exit)]
        case (.interrupted, .staging):
            runs[runs.count - 1].close(.interrupted, now)
            return [.terminate] + enqueue(now)
        case (.interrupted(let rerun), .checking):
            guard rerun else { throw illegal(change) }
            verdict = nil
            return [.terminate] + enqueue(now)
        case (.interrupted(let rerun), .running):
            // Its end may be on record already, and what it left is lost all the same.
            runs[runs.count - 1].close(.interrupted, now)
            if rerun { return [.terminate] + enqueue(now) }
            reasons = ["run.interrupted"]
            return [.terminate] + finish(.errored, now)
        default: throw illegal(change)
        }
    }
}

extension JobRun {
    /// Ends the run, unless it has ended.
    mutating func close(_ exit: ExitClass, _ now: Instant) {
        guard self.exit == nil else { return }
        self.exit = exit
        ended = now
    }
}
