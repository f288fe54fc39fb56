using System.Net;

namespace OpsRunbook.Engine.Hosts;

/// <summary>A listening socket.</summary>
/// <param name="Protocol"><c>tcp</c> or <c>udp</c>.</param>
/// <param name="Address">Address it is bound to.</param>
/// <param name="Port">Port it is bound to.</param>
/// <param name="Pid">Process that holds it; null when that may not be seen.</param>
public sealed record HostSocket(string Protocol, IPAddress Address, int Port, int? Pid);
