namespace OpsRunbook;

/// <summary>A member that must be in the stack file.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class StackRequiredAttribute : Attribute;
