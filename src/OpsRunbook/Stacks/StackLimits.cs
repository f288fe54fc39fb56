namespace OpsRunbook;

/// <summary>What a service may use.</summary>
public sealed class StackLimits
{
    /// <summary>Most memory, bytes; null for no limit.</summary>
    public long? Memory { get; set; }

    /// <summary>Memory that is kept free for it, bytes; null for none.</summary>
    public long? MemoryReservation { get; set; }

    /// <summary>Most CPU, in cores; null for no limit.</summary>
    [StackValue(Minimum = 0, Maximum = 4096)]
    public double? Cpus { get; set; }

    /// <summary>CPU that is kept free for it, in cores; null for none.</summary>
    [StackValue(Minimum = 0, Maximum = 4096)]
    public double? CpuReservation { get; set; }
}
