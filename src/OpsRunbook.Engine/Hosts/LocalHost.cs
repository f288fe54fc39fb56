namespace OpsRunbook.Engine.Hosts;

/// <summary>This machine.</summary>
public static class LocalHost
{
    /// <summary>Name under which this machine is known without an entry in the stack.</summary>
    public const string LocalName = "local";
}
