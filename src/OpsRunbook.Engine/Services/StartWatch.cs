namespace OpsRunbook.Engine.Services;

/// <summary>
/// Tells from the states of a unit after its start whether it is up, still coming, or ends again and again. A slow
/// start keeps its process; a crash loop shows in the manager's counter of restarts, in one process id after
/// another, or in an end soon after the start.
/// </summary>
internal sealed class StartWatch
{
    // One restart may be the manager's own way to start; the second one shows that the first did not hold.
    private const int TooManyRestarts = 2;

    private readonly HashSet<(int Pid, DateTime? Since)> _runs = [];
    private int? _leastRestarts;

    /// <summary>What a state means.</summary>
    public enum Verdict
    {
        /// <summary>It is neither up nor down for good.</summary>
        Coming,

        /// <summary>The manager says that it runs well.</summary>
        Up,

        /// <summary>It is down, and the manager does not start it again.</summary>
        Ended,

        /// <summary>It ends again and again.</summary>
        Looping,
    }

    /// <summary>Restarts that the manager counted since the first state; null when it does not count.</summary>
    public int? Restarts { get; private set; }

    /// <summary>Exit code of the last run that was seen to have ended; null when none was.</summary>
    public int? ExitCode { get; private set; }

    /// <summary>Takes a state.</summary>
    /// <param name="state">State as just read.</param>
    /// <returns>What it means.</returns>
    public Verdict See(UnitState state)
    {
        ExitCode = state.ExitCode ?? ExitCode;
        if (state.IsChanging)
        {
            return Verdict.Coming;
        }

        if (state.Restarts is { } restarts)
        {
            _leastRestarts = Math.Min(_leastRestarts ?? restarts, restarts);
            Restarts = restarts - _leastRestarts;
        }

        // Of a single instance; several come one after the other with processes of their own.
        if (state is { Pid: { } pid, Instances: <= 1 })
        {
            _runs.Add((pid, state.InstanceList.Count == 1 ? state.InstanceList[0].Since : state.Since));
        }

        if (Restarts >= TooManyRestarts || _runs.Count > TooManyRestarts)
        {
            return Verdict.Looping;
        }

        return state.Status switch
        {
            HealthStatus.Healthy => Verdict.Up,
            _ when IsOneShot(state) => Verdict.Up,
            _ when state.Reason is "Service.Down" or "Service.Masked" => Verdict.Ended,
            _ => Verdict.Coming,
        };
    }

    // A oneshot unit without RemainAfterExit has done its work when it is gone again.
    private static bool IsOneShot(UnitState state) =>
        state.Detail.GetValueOrDefault("Type") as string == "oneshot"
        && state.Detail.GetValueOrDefault("Result") as string == "success"
        && state.Detail.GetValueOrDefault("ActiveState") as string == "inactive";
}
