namespace OpsRunbook;

/// <summary>A property that is not read from the stack file.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class StackIgnoreAttribute : Attribute;
