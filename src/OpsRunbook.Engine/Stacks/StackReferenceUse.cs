namespace OpsRunbook.Engine.Stacks;

/// <summary>A place in the file that names a member of another section.</summary>
/// <param name="Name">The name.</param>
/// <param name="Path">Key path of the place.</param>
/// <param name="Node">The place.</param>
/// <param name="Sections">Sections in which the name must be.</param>
internal sealed record StackReferenceUse(string Name, string Path, ConfigNode Node, string[] Sections);
