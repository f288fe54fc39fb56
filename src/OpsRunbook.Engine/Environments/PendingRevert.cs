namespace OpsRunbook.Engine.Environments;

/// <summary>A value that is to be put back, as it is remembered in the state folder. It holds no value.</summary>
/// <param name="DueAt">When, UTC.</param>
/// <param name="Stack">Name of the stack.</param>
/// <param name="Name">Name of the service.</param>
/// <param name="Host">Name of its host.</param>
/// <param name="Manager">What runs it.</param>
/// <param name="Key">The variable.</param>
/// <param name="IsSecret">It must not be shown.</param>
/// <param name="File">The environment file.</param>
/// <param name="Backup">The file as it was.</param>
/// <param name="Identity">What the file is known by as long as nobody has written it again.</param>
/// <param name="Timer">Unit of the timer on the host; null for none.</param>
/// <param name="IsOnHost">Something on the host does it; this record is for the case that it was lost, as by a reboot.</param>
internal sealed record PendingRevert(
    DateTime DueAt,
    string Stack,
    string Name,
    string Host,
    ServiceManagerKind Manager,
    string Key,
    bool IsSecret,
    string File,
    string Backup,
    string Identity,
    string? Timer,
    bool IsOnHost)
{
    /// <summary>The change that is to be undone.</summary>
    public ServiceEnvironmentChange ToChange() => new()
    {
        Status = HealthStatus.Healthy,
        Name = Name,
        Key = Key,
        Outcome = ServiceOutcome.Done,
        IsSecret = IsSecret,
        File = File,
        Backup = Backup,
        FileIdentity = Identity,
        Message = string.Empty,
        Manager = Manager,
        Host = Host,
        Stack = Stack,
        Duration = TimeSpan.Zero,
        ChangedAt = DueAt,
    };
}
