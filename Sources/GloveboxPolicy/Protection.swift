/// A protection of the jail that a policy can demand: where a host lacks it, no job starts.
///
/// The words are those of the jail's own report.
package enum Protection: String, DocumentWord {
    case capabilitiesEmpty = "capabilities-empty"
    case cgroupNamespace = "cgroup-namespace"
    /// Memory and processes of a job are limited together, by a control group of its own.
    case controlGroups = "control-groups"
    /// A job is bound to its processors.
    case cpuset
    case groupsEmpty = "groups-empty"
    /// A job learns nothing of the host's memory, load and number of processes.
    case hostCounters = "host-counters"
    case ipcNamespace = "ipc-namespace"
    case landlock
    case mountNamespace = "mount-namespace"
    case networkNamespace = "network-namespace"
    case noNewPrivileges = "no-new-privileges"
    /// Nothing of the host that is shown has the host's own inodes.
    case ownInodes = "own-inodes"
    case pidNamespace = "pid-namespace"
    case privateDevices = "private-devices"
    /// The image is read through a page cache of the job's own; each job then reads it from the disk anew.
    case privatePageCache = "private-page-cache"
    /// The processor time of all processes together is counted and limited.
    case processorTime = "processor-time"
    case rlimits
    case seccomp
    case securebits
    case timeNamespace = "time-namespace"
    /// A job runs under ids that no one else on the host has.
    case uniqueIDs = "unique-ids"
    case userNamespace = "user-namespace"
    case utsNamespace = "uts-namespace"
}
