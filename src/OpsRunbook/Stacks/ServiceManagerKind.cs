namespace OpsRunbook;

/// <summary>What runs a service.</summary>
public enum ServiceManagerKind
{
    /// <summary>A systemd unit.</summary>
    Systemd,

    /// <summary>A pm2 application.</summary>
    Pm2,

    /// <summary>A service of a compose project.</summary>
    Compose,

    /// <summary>A single container.</summary>
    Docker,

    /// <summary>A process that nothing supervises.</summary>
    Process,
}
