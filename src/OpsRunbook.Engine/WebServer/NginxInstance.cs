using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Services;

namespace OpsRunbook.Engine.WebServer;

/// <summary>One nginx that runs.</summary>
/// <param name="Host">Its host, or its container.</param>
/// <param name="Target">The web server, as a process of that host.</param>
/// <param name="Reload">Has its manager reload it; null for <c>nginx -s reload</c>.</param>
internal sealed record NginxInstance(IHost Host, ServiceTarget Target, Func<CancellationToken, Task>? Reload);
