using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Services;

/// <summary>A member of the stack that a manager runs.</summary>
/// <param name="Name">Name in the stack.</param>
/// <param name="Kind">What kind of member it is.</param>
/// <param name="Manager">What runs it.</param>
/// <param name="Unit">What the manager calls it.</param>
/// <param name="HostName">Name of its host in the stack; null for this machine.</param>
/// <param name="Service">Its entry when it is a service; null for databases, caches and web servers.</param>
/// <param name="WebServer">Its entry when it is a web server; null otherwise.</param>
public sealed record ServiceTarget(
    string Name,
    MemberKind Kind,
    ServiceManagerKind Manager,
    UnitReference Unit,
    string? HostName,
    StackService? Service = null,
    StackWebServer? WebServer = null)
{
    /// <summary>Name of the host to show.</summary>
    public string Host => HostName ?? LocalHost.LocalName;

    /// <summary>It is an nginx, which tests and reloads its configuration by commands of its own.</summary>
    public bool IsNginx => WebServer?.Engine == "nginx";

    /// <summary>TCP ports that it listens on.</summary>
    public IReadOnlyList<int> Ports => Service?.Ports ?? WebServer?.Ports ?? [];
}
