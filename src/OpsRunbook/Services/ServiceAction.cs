namespace OpsRunbook;

/// <summary>What is done to a service.</summary>
public enum ServiceAction
{
    /// <summary>It is started.</summary>
    Start,

    /// <summary>It is stopped.</summary>
    Stop,

    /// <summary>It is stopped and started.</summary>
    Restart,

    /// <summary>It reads its configuration again without interruption.</summary>
    Reload,

    /// <summary>It is made anew, with the environment and image that are configured now.</summary>
    Recreate,

    /// <summary>The number of its instances is changed.</summary>
    Scale,

    /// <summary>Its memory or CPU limit is changed.</summary>
    SetLimit,
}
