namespace OpsRunbook.Engine.Hosts;

/// <summary>What a list of processes is sorted by.</summary>
public enum ProcessOrder
{
    /// <summary>CPU use during the sample.</summary>
    Cpu,

    /// <summary>Resident memory.</summary>
    Memory,
}
