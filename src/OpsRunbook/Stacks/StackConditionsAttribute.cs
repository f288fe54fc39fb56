namespace OpsRunbook;

/// <summary>Gathers keys that begin with one of the prefixes (<c>body.status</c>) into a dictionary.</summary>
/// <param name="prefixes">First parts of the keys.</param>
[AttributeUsage(AttributeTargets.Property)]
public sealed class StackConditionsAttribute(params string[] prefixes) : Attribute
{
    /// <summary>First parts of the keys.</summary>
    public string[] Prefixes { get; } = prefixes;
}
