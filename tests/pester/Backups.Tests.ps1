# Backups of a real PostgreSQL, from the first set to the last that may go.
BeforeDiscovery {
    $script:binaries = Get-ChildItem /usr/lib/postgresql -Directory -ErrorAction Ignore |
        Sort-Object { [int]$_.Name } -Descending | ForEach-Object { Join-Path $_ 'bin' } | Where-Object { Test-Path "$_/initdb" } | Select-Object -First 1
}

Describe 'Backups of PostgreSQL' -Skip:(-not $binaries -or -not (Get-Command pg_dump -ErrorAction Ignore)) {
    BeforeAll {
        Import-Module "$PSScriptRoot/../../OpsRunbook.psd1" -Force
        $binaries = Get-ChildItem /usr/lib/postgresql -Directory |
            Sort-Object { [int]$_.Name } -Descending | ForEach-Object { Join-Path $_ 'bin' } | Where-Object { Test-Path "$_/initdb" } | Select-Object -First 1

        # The server refuses to run as root; its socket and data are in a folder of its own.
        $folder = [IO.Directory]::CreateTempSubdirectory('opsrunbook-pester-').FullName
        $account = if ([Environment]::UserName -eq 'root') { chown postgres $folder; 'setpriv', '--reuid=postgres', '--regid=postgres', '--clear-groups' } else { @() }
        $listener = [Net.Sockets.TcpListener]::new([Net.IPAddress]::Loopback, 0)
        $listener.Start(); $port = $listener.LocalEndpoint.Port; $listener.Stop()
        $password = [Guid]::NewGuid().ToString('N')
        Set-Content "$folder/password" $password
        if ($account) { chown postgres "$folder/password" }
        $initialise = @($account) + "$binaries/initdb", '-D', "$folder/data", '-U', 'postgres', '-A', 'scram-sha-256', '--pwfile', "$folder/password", '--no-sync'
        Push-Location $folder
        $null = & $initialise[0] @($initialise[1..$initialise.Count])
        $start = @($account) + "$binaries/postgres", '-D', "$folder/data", '-p', "$port", '-c', 'listen_addresses=127.0.0.1', '-c', "unix_socket_directories=$folder", '-c', 'fsync=off'
        $server = Start-Process $start[0] $start[1..$start.Count] -PassThru -RedirectStandardError "$folder/log" -RedirectStandardOutput "$folder/out"
        Pop-Location
        $env:OPSRUNBOOK_PESTER_DB = $password
        $sets = (New-Item -ItemType Directory "$folder/sets").FullName
        $stack = "$folder/shop.yaml"
        Set-Content $stack @"
stack: shop
databases:
  db: { engine: postgres, server: 127.0.0.1, port: $port, user: postgres, password: "`${env:OPSRUNBOOK_PESTER_DB}" }
backups:
  db: { database: db, directory: $sets, maxAge: 26h, retention: { keep: 14d, minimum: 1 } }
"@
        foreach ($attempt in 1..200) {
            if ((Test-DbConnection db -Stack $stack).Status -eq 'Healthy') { break }
            Start-Sleep -Milliseconds 100
        }
    }

    AfterAll {
        $server | Stop-Process
        $server.WaitForExit()
        Remove-Item $folder -Recurse -Force -ErrorAction Ignore
        Remove-Item Env:OPSRUNBOOK_PESTER_DB -ErrorAction Ignore
    }

    It 'are planned before they are made' {
        $plan = Backup-Database db -Stack $stack -WhatIf
        $plan.Detail | Should -BeLike 'pg_dump*custom*'
        Get-ChildItem $sets -Force | Should -BeNullOrEmpty
    }

    It 'are missed by the health of the stack until there is one' {
        $health = Get-ServiceHealth -Kind Backup -Stack $stack
        $health.Status | Should -Be 'Critical'
        $made = Backup-Database db -Stack $stack
        $made.State | Should -Be 'Complete'
        $made.Bytes | Should -BeGreaterThan 0
        (Get-ServiceHealth -Kind Backup -Stack $stack).Status | Should -Be 'Healthy'
    }

    It 'are listed, the newest first' {
        $null = Backup-Database -Stack $stack -Compression None
        $found = Get-DbBackup -Stack $stack
        $found.Sequence | Should -Be 2, 1
        (Get-DbBackup db -Newest -Stack $stack).Set | Should -Be $found[0].Set
        Get-DbBackup -Verified -Stack $stack | Should -BeNullOrEmpty
    }

    It 'fit a table of 120 columns' {
        $lines = (Get-DbBackup -Stack $stack | Out-String -Width 120).Split("`n")
        ($lines | Measure-Object Length -Maximum).Maximum | Should -BeLessOrEqual 120
        $lines -join "`n" | Should -Match 'Status +Name +Set +Age +Size +Verified +Message'
    }

    It 'without a set that restores are not thinned out' {
        $null = Get-DbBackup -Stack $stack | Remove-DbBackup -Stack $stack -Confirm:$false -ErrorAction SilentlyContinue -ErrorVariable refused
        $refused[0].FullyQualifiedErrorId | Should -BeLike 'Guard.VerifiedBackups,*'
        (Get-DbBackup -Stack $stack).Count | Should -Be 2
    }

    It 'are asked for by maintenance that changes the only copy' {
        $env:PGPASSWORD = $password
        $null = & "$binaries/psql" -X -q -h 127.0.0.1 -p $port -U postgres -d postgres -c 'CREATE TABLE orders (id int)'
        Remove-Item Env:PGPASSWORD
        Invoke-DbMaintenance db VacuumFull -Table orders -Stack $stack -WhatIf -ErrorAction SilentlyContinue -ErrorVariable refused | Should -BeNullOrEmpty
        $refused[0].FullyQualifiedErrorId | Should -BeLike 'Guard.Backup,*'
    }

    It 'go to a folder of their own without a stack' {
        $other = (New-Item -ItemType Directory "$folder/other").FullName
        $login = [pscredential]::new('postgres', [Net.NetworkCredential]::new('x', $password).SecurePassword)
        $address = @{ Uri = "postgres://127.0.0.1:$port/postgres"; Credential = $login; Directory = $other }
        (Backup-Database @address).Path | Should -BeLike "$other/*"
        (Get-DbBackup @address).State | Should -Be 'Complete'
        { Get-DbBackup -Uri $address.Uri } | Should -Throw -ErrorId 'Backup.ParameterInvalid,*'
    }
}
