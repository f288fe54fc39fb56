namespace OpsRunbook;

/// <summary>Says what values a property takes beyond what its type says.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class StackValueAttribute : Attribute
{
    /// <summary>What the text must look like.</summary>
    public StackForm Form { get; set; }

    /// <summary>Smallest number.</summary>
    public double Minimum { get; set; } = double.NegativeInfinity;

    /// <summary>Largest number.</summary>
    public double Maximum { get; set; } = double.PositiveInfinity;

    /// <summary>The only texts that are allowed; empty for any.</summary>
    public string[] OneOf { get; set; } = [];

    /// <summary>Keys of the sections in which the value must be a name (<c>services</c>, <c>databases</c>); empty when it is not a reference.</summary>
    public string[] RefersTo { get; set; } = [];

    /// <summary>
    /// Keys of the sections in which the dictionary's own keys must be names; empty when they are free.
    /// </summary>
    public string[] KeysReferTo { get; set; } = [];
}
