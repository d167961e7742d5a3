/// What a job holds while it runs, or a node has to give.
package struct Resources: Sendable, Hashable {
    /// Whole processors.
    package var processors: Int
    /// Bytes of memory.
    package var memory: UInt64
    /// Bytes of disk.
    package var disk: UInt64

    /// States amounts.
    package init(processors: Int, memory: UInt64, disk: UInt64 = 0) {
        (self.processors, self.memory, self.disk) = (processors, memory, disk)
    }

    /// Which of them there is too little of.
    package enum Kind: Sendable, Hashable, CaseIterable {
        case processors
        case memory
        case disk
    }

    /// At most as much as there is at all: who asks for more gets everything, and not nothing for ever.
    package func limited(to all: Resources) -> Resources {
        Resources(
            processors: min(processors, all.processors),
            memory: min(memory, all.memory),
            disk: min(disk, all.disk)
        )
    }

    /// What is left when that is taken; nothing where more is taken than there is.
    package func taking(_ used: Resources) -> Resources {
        Resources(
            processors: max(0, processors - used.processors),
            memory: memory - min(memory, used.memory),
            disk: disk - min(disk, used.disk)
        )
    }

    /// The first of which there is too little for that; nil when it fits.
    package func shortage(for needs: Resources) -> Kind? {
        if needs.processors > processors { return .processors }
        if needs.memory > memory { return .memory }
        return needs.disk > disk ? .disk : nil
    }
}
