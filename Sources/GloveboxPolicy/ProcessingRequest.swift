package import GloveboxCore

/// What a plan asks of the site, as far as the processing policy looks at it.
package struct ProcessingRequest: Sendable {
    /// The image by its name in the store, and by digest.
    package let image: (name: String, digest: Digest)
    /// The jail profile.
    package let jailProfile: String
    /// The limits.
    package let limits: JobLimits
    /// The environment of every step.
    package let environment: [(name: String, value: String)]
    /// The number of commands.
    package let steps: Int
    /// Where the job runs.
    package let executor: ProcessingPolicy.Executor
    /// Whether the plan asks for the deterministic mode.
    package let isDeterministic: Bool

    /// Gathers a request.
    package init(
        image: (name: String, digest: Digest),
        jailProfile: String,
        limits: JobLimits,
        environment: [(name: String, value: String)],
        steps: Int,
        executor: ProcessingPolicy.Executor = .local,
        isDeterministic: Bool = false
    ) {
        self.image = image
        self.jailProfile = jailProfile
        self.limits = limits
        self.environment = environment
        self.steps = steps
        self.executor = executor
        self.isDeterministic = isDeterministic
    }
}

extension ProcessingPolicy {
    /// Every reason to refuse the request; empty when the policy allows it.
    ///
    /// The codes are `processing.*`.
    package func violations(of request: ProcessingRequest) -> [GloveboxError] {
        var found: [GloveboxError] = []
        func refuse(_ code: String, _ message: String) {
            found.append(GloveboxError("processing." + code, "policy \(document.name): \(message)"))
        }
        if let images, !images.contains(request.image.name), !images.contains(request.image.digest.named) {
            refuse("image", "image \(Display.escape(request.image.name)) is not allowed")
        }
        if !jailProfiles.contains(request.jailProfile) {
            refuse("jail-profile", "jail profile \(Display.escape(request.jailProfile)) is not allowed")
        }
        for (limit, ceiling) in zip(request.limits.named, ceilings.named)
        where !(1...ceiling.value).contains(limit.value) {
            refuse("limit", "\(limit.name) is \(limit.value); 1 to \(ceiling.value) is allowed")
        }
        for variable in request.environment {
            if !environment.contains(where: { $0.utf8.elementsEqual(variable.name.utf8) }) {
                refuse("environment", "environment variable \(Display.escape(variable.name)) is not allowed")
            } else if !Environment.isAllowedValue(variable.value, of: variable.name) {
                refuse("environment", "environment variable \(variable.name) has a value that is not allowed")
            }
        }
        if !(1...maxSteps).contains(request.steps) { refuse("steps", "1 to \(maxSteps) commands are allowed") }
        if !executors.contains(request.executor) {
            refuse("executor", "jobs may not run on \(request.executor.rawValue)")
        }
        if determinism == .required, !request.isDeterministic {
            refuse("determinism", "the deterministic mode is required")
        }
        return found
    }
}
