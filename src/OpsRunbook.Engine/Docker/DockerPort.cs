namespace OpsRunbook.Engine.Docker;

/// <summary>A port of a container.</summary>
/// <param name="ContainerPort">Port inside the container.</param>
/// <param name="Protocol"><c>tcp</c> or <c>udp</c>.</param>
/// <param name="HostAddress">Address it is published on; null when it is not published.</param>
/// <param name="HostPort">Port it is published on; null when it is not published.</param>
public sealed record DockerPort(int ContainerPort, string Protocol, string? HostAddress, int? HostPort);
