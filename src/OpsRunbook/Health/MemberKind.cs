namespace OpsRunbook;

/// <summary>What kind of stack member a health result is about.</summary>
public enum MemberKind
{
    /// <summary>An application service under a service manager or as a process.</summary>
    Service,

    /// <summary>A database server.</summary>
    Database,

    /// <summary>A cache server.</summary>
    Cache,

    /// <summary>A web server or reverse proxy.</summary>
    WebServer,

    /// <summary>A certificate, on disk or served.</summary>
    Certificate,

    /// <summary>A container that belongs to no declared service.</summary>
    Container,

    /// <summary>A machine: CPU, memory, file systems.</summary>
    Host,

    /// <summary>A monitoring system: Prometheus, Alertmanager, Loki.</summary>
    Monitoring,

    /// <summary>The sets of a backup.</summary>
    Backup,
}
