using OpsRunbook.Engine.Safety;
using OpsRunbook.Engine.Services;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Engine.Maintenance;

/// <summary>What the steps of one window work with.</summary>
internal sealed class WindowContext
{
    /// <summary>Prepares for steps.</summary>
    /// <param name="session">The stack in use.</param>
    /// <param name="origin">Who wants the window.</param>
    /// <param name="output">Takes warnings, progress and plans.</param>
    /// <param name="timeout">Longest time to wait for one service.</param>
    /// <param name="time">Tells the time; null for the system's.</param>
    public WindowContext(StackSession session, ChangeOrigin origin, IOperationOutput output, TimeSpan timeout, TimeProvider? time = null)
    {
        Session = session;
        Command = origin.Command;
        Time = time ?? TimeProvider.System;
        Timeout = timeout;
        Output = new StepOutput(output);
        Changes = new ChangeRunner(Output, session.State, origin);
        Services = new ServiceOperator(session, Changes, Output, timeout) { AlsoStopped = Settings.Stop };
    }

    /// <summary>The stack in use.</summary>
    public StackSession Session { get; }

    /// <summary>Cmdlet that works.</summary>
    public string Command { get; }

    /// <summary>What the stack says about maintenance.</summary>
    public StackMaintenance Settings => Session.Stack.Maintenance ?? new StackMaintenance();

    /// <summary>Takes what the steps say.</summary>
    public StepOutput Output { get; }

    /// <summary>The road of their changes.</summary>
    public ChangeRunner Changes { get; }

    /// <summary>Starts and stops services; remembers which of them failed.</summary>
    public ServiceOperator Services { get; }

    /// <summary>Longest time to wait for one service.</summary>
    public TimeSpan Timeout { get; }

    /// <summary>Tells the time.</summary>
    public TimeProvider Time { get; }

    /// <summary>Now, UTC.</summary>
    public DateTime Now => Time.GetUtcNow().UtcDateTime;

    /// <summary>A service of the stack.</summary>
    /// <param name="name">Its name.</param>
    /// <returns>The service.</returns>
    /// <exception cref="OpsException"><c>Service.NotManaged</c>, <c>Service.MemberNotFound</c>.</exception>
    public ServiceTarget Service(string name) => ServiceTargets.Get(Session.Stack, name);
}
