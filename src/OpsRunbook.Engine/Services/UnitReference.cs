namespace OpsRunbook.Engine.Services;

/// <summary>Names a unit for its manager.</summary>
/// <param name="Name">Unit, pm2 application, compose service, container or executable.</param>
/// <param name="ComposeFile">Compose file; null for none.</param>
/// <param name="Project">Compose project; null for the default one.</param>
/// <param name="User">User whose pm2 daemon runs it; null for the connecting one.</param>
/// <param name="Pm2Home">Folder of that daemon (<c>PM2_HOME</c>); null for the user's own.</param>
/// <param name="DockerEndpoint">Address of the Engine API, which all units of a host share; null for the usual one.</param>
public sealed record UnitReference(
    string Name,
    string? ComposeFile = null,
    string? Project = null,
    string? User = null,
    string? Pm2Home = null,
    string? DockerEndpoint = null);
