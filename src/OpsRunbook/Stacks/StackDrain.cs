namespace OpsRunbook;

/// <summary>
/// How a service is relieved of its running requests before it is stopped. First it gets no new ones (the web
/// server's upstream, or the command), then its connections are waited for.
/// </summary>
public sealed class StackDrain
{
    /// <summary>Longest time to wait for running requests.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>The service counts as drained when its ports had no connection for so long.</summary>
    public TimeSpan Quiet { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>Web server (nginx) in whose configuration the service's entries are marked <c>down</c> meanwhile; null for none.</summary>
    [StackValue(RefersTo = new[] { "webServers" })]
    public string? WebServer { get; set; }

    /// <summary>Name of the upstream block there; null for every block that has one of the service's ports.</summary>
    public string? Upstream { get; set; }

    /// <summary>Command that keeps new requests away, as an argument vector, run on the service's host; null for none.</summary>
    [StackValue(Form = StackForm.Arguments)]
    public List<string>? Command { get; set; }

    /// <summary>Command that lets requests in again, run when the service is healthy; null for none.</summary>
    [StackValue(Form = StackForm.Arguments)]
    public List<string>? Resume { get; set; }
}
