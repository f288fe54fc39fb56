namespace OpsRunbook;

/// <summary>What takes space of a container engine.</summary>
public enum DockerUsageKind
{
    /// <summary>An image.</summary>
    Image,

    /// <summary>The writable layer of a container.</summary>
    Container,

    /// <summary>A volume.</summary>
    Volume,

    /// <summary>An entry of the build cache.</summary>
    BuildCache,

    /// <summary>A network; it has no size.</summary>
    Network,
}
