namespace OpsRunbook;

/// <summary>Gives a property another name in the stack file than its own in camel case.</summary>
/// <param name="name">The key in the file.</param>
[AttributeUsage(AttributeTargets.Property)]
public sealed class StackKeyAttribute(string name) : Attribute
{
    /// <summary>The key in the file.</summary>
    public string Name { get; } = name;
}
