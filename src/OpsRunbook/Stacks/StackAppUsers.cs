namespace OpsRunbook;

/// <summary>The statements of an application for its own users, which live in its database. <c>@user</c> and <c>@role</c> stand for the values.</summary>
public sealed class StackAppUsers
{
    /// <summary>Lists the users: <c>SELECT username, role, is_active FROM users ORDER BY username</c>; null for none.</summary>
    public string? List { get; set; }

    /// <summary>Gives a user a role: <c>UPDATE users SET role = @role WHERE username = @user</c>; null for none.</summary>
    public string? SetRole { get; set; }

    /// <summary>Keeps a user out: <c>UPDATE users SET is_active = false WHERE username = @user</c>; null for none.</summary>
    public string? Disable { get; set; }

    /// <summary>Lets a user in again: <c>UPDATE users SET is_active = true WHERE username = @user</c>; null for none.</summary>
    public string? Enable { get; set; }
}
