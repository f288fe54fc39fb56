namespace OpsRunbook;

/// <summary>A change of a user of an application.</summary>
public enum AppUserAction
{
    /// <summary>Gives a role.</summary>
    SetRole,

    /// <summary>Keeps the user out.</summary>
    Disable,

    /// <summary>Lets the user in again.</summary>
    Enable,
}
